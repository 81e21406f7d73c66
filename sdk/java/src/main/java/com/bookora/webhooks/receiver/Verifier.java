package com.bookora.webhooks.receiver;

import com.bookora.webhooks.receiver.WebhookException.Code;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;

/**
 * Says whether requests were signed with one of its secrets, and reads their events. One is enough
 * for an endpoint; it may be used from any thread.
 *
 * <p>Where a request has a {@code webhook-signature} it alone decides, and the request's time must
 * be within the tolerance.
 */
public final class Verifier {
  /** How far a request's time may be from the clock, either way: 5 minutes. */
  public static final Duration DEFAULT_TOLERANCE = Duration.ofMinutes(5);

  /**
   * The longest body that is read from a stream: Bookora's 256 KiB, and room for a service that
   * allows a little more.
   */
  public static final int BODY_BYTES_MAX = (256 + 16) << 10;

  /** More digits are no seconds: twelve reach for 30,000 years, milliseconds have thirteen. */
  private static final int TIMESTAMP_DIGITS_MAX = 12;

  private final List<SecretKeys> keys;

  /** Null where the time is not compared. */
  private final Duration tolerance;

  private final InstantSource clock;

  private Verifier(List<SecretKeys> keys, Duration tolerance, InstantSource clock) {
    this.keys = keys;
    this.tolerance = tolerance;
    this.clock = clock;
  }

  /**
   * Makes a verifier with the texts that Bookora showed: one, or during a rotation both.
   *
   * @throws InvalidSecretException where there is none, or one is not as Bookora shows it
   */
  public static Verifier of(String... secrets) {
    return of(Arrays.asList(secrets));
  }

  /**
   * Makes a verifier with the texts that Bookora showed: one, or during a rotation both.
   *
   * @throws InvalidSecretException where there is none, or one is not as Bookora shows it
   */
  public static Verifier of(List<String> secrets) {
    return new Verifier(SecretKeys.read(secrets), DEFAULT_TOLERANCE, InstantSource.system());
  }

  /**
   * One that allows requests to be so far from the clock, either way: 0 or more, compared to the
   * second; less than 0 is 0. Default: {@link #DEFAULT_TOLERANCE}.
   */
  public Verifier withTolerance(Duration tolerance) {
    var chosen = tolerance.isNegative() ? Duration.ZERO : tolerance;
    return new Verifier(keys, chosen, clock);
  }

  /**
   * One that takes requests of any age, and those that have an {@code X-Bookora-Signature} alone.
   * Whoever recorded a request can then send it again: it is for stored requests, and for receivers
   * that remember every event's id.
   */
  public Verifier withoutTolerance() {
    return new Verifier(keys, null, clock);
  }

  /** One with another clock, such as a {@link java.time.Clock}. Default: the system's. */
  public Verifier withClock(InstantSource clock) {
    return new Verifier(keys, tolerance, Objects.requireNonNull(clock));
  }

  /**
   * Verifies a request.
   *
   * @param body what came, byte for byte: not parsed and written again
   * @param headers with their names in any case
   * @throws WebhookException where the request does not verify, or its body is not an event
   */
  public Event verify(byte[] body, Map<String, List<String>> headers) throws WebhookException {
    return verify(body, SignatureHeaders.inAnyCase(headers));
  }

  /**
   * Verifies a request whose headers are looked up, as servlets do: {@code name ->
   * Collections.list(request.getHeaders(name))}.
   *
   * @param body what came, byte for byte: not parsed and written again
   * @param headers all values of a header by its name, which is in lowercase; null or none where
   *     the header is not there
   * @throws WebhookException where the request does not verify, or its body is not an event
   */
  public Event verify(byte[] body, Function<String, ? extends List<String>> headers)
      throws WebhookException {
    judge(body, SignatureHeaders.read(headers));
    return Event.parse(body);
  }

  /**
   * Reads a body to its end, at most {@link #BODY_BYTES_MAX} of it, and verifies it. What else
   * needs the body finds it in {@link Event#raw}. The stream is not closed.
   *
   * @throws WebhookException as of a body in memory, and {@link Code#BODY_TOO_LARGE} or {@link
   *     Code#UNREADABLE_BODY}
   */
  public Event verify(InputStream body, Map<String, List<String>> headers) throws WebhookException {
    return verify(readToEnd(body), headers);
  }

  private static byte[] readToEnd(InputStream body) throws WebhookException {
    byte[] read;
    try {
      read = body.readNBytes(BODY_BYTES_MAX + 1);
    } catch (IOException cause) {
      throw WebhookException.of(
          Code.UNREADABLE_BODY, "the body could not be read: " + cause.getMessage(), cause);
    }
    if (read.length > BODY_BYTES_MAX) {
      throw WebhookException.of(
          Code.BODY_TOO_LARGE, "the body is longer than " + BODY_BYTES_MAX + " bytes", null);
    }
    return read;
  }

  private void judge(byte[] body, SignatureHeaders signed) throws WebhookException {
    if (signed.signature() == null) {
      if (tolerance != null) {
        // Else whoever strips it from a recorded request would get past the check of its age.
        throw missing(SignatureHeaders.SIGNATURE);
      }
      Signature.judgeBookora(body, signed, keys);
      return;
    }
    if (signed.id() == null) {
      throw missing(SignatureHeaders.ID);
    }
    if (signed.timestamp() == null) {
      throw missing(SignatureHeaders.TIMESTAMP);
    }
    judgeAge(readSeconds(signed.timestamp()));
    Signature.judgeStandard(body, signed, keys);
  }

  private void judgeAge(long seconds) throws WebhookException {
    if (tolerance == null) {
      return;
    }
    var ahead = seconds - clock.instant().getEpochSecond();
    if (Math.abs(ahead) > tolerance.toSeconds()) {
      throw WebhookException.ofHeader(
          Code.TIMESTAMP_OUT_OF_TOLERANCE,
          SignatureHeaders.TIMESTAMP,
          "%s is %d s %s this clock; %d s are tolerated"
              .formatted(
                  SignatureHeaders.TIMESTAMP,
                  Math.abs(ahead),
                  ahead < 0 ? "behind" : "ahead of",
                  tolerance.toSeconds()));
    }
  }

  /** Takes digits only: no sign, space or fraction. */
  private static long readSeconds(String text) throws WebhookException {
    var isNumber = text.chars().allMatch(letter -> '0' <= letter && letter <= '9');
    if (text.isEmpty() || text.length() > TIMESTAMP_DIGITS_MAX || !isNumber) {
      throw WebhookException.ofHeader(
          Code.INVALID_HEADER,
          SignatureHeaders.TIMESTAMP,
          SignatureHeaders.TIMESTAMP + " is not a whole number of seconds since 1970");
    }
    return Long.parseLong(text);
  }

  static WebhookException missing(String header) {
    return WebhookException.ofHeader(
        Code.MISSING_HEADER, header, "the header " + header + " is missing");
  }
}
