package com.bookora.webhooks.receiver;

import java.util.Optional;

/** Why a request is not taken as an event of Bookora. */
public final class WebhookException extends Exception {
  private static final long serialVersionUID = 1;

  private final Code code;
  private final String header;
  private final String field;

  private WebhookException(
      Code code, String header, String field, String message, Throwable cause) {
    super(message, cause);
    this.code = code;
    this.header = header;
    this.field = field;
  }

  static WebhookException of(Code code, String message, Throwable cause) {
    return new WebhookException(code, null, null, message, cause);
  }

  static WebhookException ofHeader(Code code, String header, String message) {
    return new WebhookException(code, header, null, message, null);
  }

  /** {@code field} is empty where it is about the whole body. */
  static WebhookException ofField(String field, String message) {
    return new WebhookException(Code.MALFORMED_BODY, null, field, message, null);
  }

  /** Decide by this, never by the message. */
  public Code code() {
    return code;
  }

  /** The name, in lowercase, of the header that it is about. */
  public Optional<String> header() {
    return Optional.ofNullable(header);
  }

  /**
   * The path in a malformed body, such as {@code data.price}; absent where it is about the whole.
   */
  public Optional<String> field() {
    return Optional.ofNullable(field).filter(path -> !path.isEmpty());
  }

  /**
   * The HTTP status to answer with: 401 for a request that does not verify, which makes Bookora
   * swap the signatures while a secret is being replaced; 413 for a body that is too large; 400 for
   * one that is no event or was cut.
   */
  public int httpStatus() {
    return code.httpStatus;
  }

  /** What is wrong. */
  public enum Code {
    /** A header that is needed is not there; {@link #header} names it. */
    MISSING_HEADER(401),
    /** A header cannot be read, or came twice; {@link #header} names it. */
    INVALID_HEADER(401),
    /**
     * The request was signed too long ago, or ahead of the clock: somebody sends a recorded request
     * again, or one of the two clocks is wrong.
     */
    TIMESTAMP_OUT_OF_TOLERANCE(401),
    /** None of the signatures was made with one of the secrets over this body. */
    NO_MATCHING_SIGNATURE(401),
    /**
     * The body is not an event; {@link #field} names what is wrong. From a {@link Verifier} it
     * means that the signature holds.
     */
    MALFORMED_BODY(400),
    /** A stream has more than {@link Verifier#BODY_BYTES_MAX} bytes. */
    BODY_TOO_LARGE(413),
    /** A stream could not be read to its end; the cause is its exception. */
    UNREADABLE_BODY(400);

    private final int httpStatus;

    Code(int httpStatus) {
      this.httpStatus = httpStatus;
    }
  }
}
