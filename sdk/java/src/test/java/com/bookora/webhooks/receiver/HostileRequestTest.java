package com.bookora.webhooks.receiver;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.bookora.webhooks.receiver.WebhookException.Code;
import com.bookora.webhooks.stage.Checkout;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class HostileRequestTest {
  private static final String SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

  @Test
  void headersOfOneNameInDifferentCasesAreTwice() {
    var headers = Map.of("Webhook-Id", List.of("a"), "webhook-id", List.of("b"));
    var refused = refusal(() -> Verifier.of(SECRET).verify(new byte[0], headers));
    assertEquals(Code.INVALID_HEADER, refused.code());
    assertEquals("webhook-id", refused.header().orElseThrow());
  }

  @Test
  void aLetterThatLooksLikeOneOfAHeaderIsAnother() {
    var headers = new HashMap<String, List<String>>();
    headers.put("webhoo\u212A-signature", List.of("v1,AAAA"));
    headers.put(null, List.of("HTTP/1.1 200 OK"));
    headers.put("webhook-id", null);
    var refused = refusal(() -> Verifier.of(SECRET).verify(new byte[0], headers));
    assertEquals(Code.MISSING_HEADER, refused.code());
    assertEquals("webhook-signature", refused.header().orElseThrow());
  }

  @Test
  void aStreamIsReadAndAnsweredByItsException() throws Exception {
    var vector = Checkout.vectors("signing").get(0);
    var body = vector.get("body").getAsString().getBytes(UTF_8);
    var headers = new HashMap<String, List<String>>();
    vector
        .getAsJsonObject("headers")
        .asMap()
        .forEach((name, value) -> headers.put(name, List.of(value.getAsString())));
    var then = Instant.ofEpochSecond(vector.get("timestamp").getAsLong());
    var secret = vector.getAsJsonArray("secrets").get(0).getAsString();
    var verifier = Verifier.of(secret).withClock(InstantSource.fixed(then));

    assertEquals(
        "no_show.detected", verifier.verify(new ByteArrayInputStream(body), headers).type());
    assertEquals("no_show.detected", verifier.verify(body, headers::get).type());
    var forged = refusal(() -> verifier.verify(stream(body.length), headers));
    assertEquals(Code.NO_MATCHING_SIGNATURE, forged.code());
    assertEquals(401, forged.httpStatus());
    var exact = refusal(() -> verifier.verify(stream(Verifier.BODY_BYTES_MAX), headers));
    assertEquals(Code.NO_MATCHING_SIGNATURE, exact.code());
    var large = refusal(() -> verifier.verify(stream(Verifier.BODY_BYTES_MAX + 1), headers));
    assertEquals(Code.BODY_TOO_LARGE, large.code());
    assertEquals(413, large.httpStatus());
    var broken = new IOException("cut");
    var cut = refusal(() -> verifier.verify(broken(broken), headers));
    assertEquals(Code.UNREADABLE_BODY, cut.code());
    assertEquals(400, cut.httpStatus());
    assertSame(broken, cut.getCause());
    assertEquals(400, refusal(() -> Event.parse("[]".getBytes(UTF_8))).httpStatus());
  }

  private static InputStream stream(int bytes) {
    return new ByteArrayInputStream(new byte[bytes]);
  }

  private static InputStream broken(IOException exception) {
    return new InputStream() {
      @Override
      public int read() throws IOException {
        throw exception;
      }
    };
  }

  @Test
  void aSecretThatWasChangedOnItsWayIsAMistakeAndIsNotShown() {
    for (var changed :
        Arrays.asList(
            SECRET + "\n",
            SECRET.substring(0, 20) + "\r\n" + SECRET.substring(20),
            SECRET.replace("h8=", "h9="),
            SECRET.replace("h8=", "h8"),
            "",
            null)) {
      var mistake = assertThrows(InvalidSecretException.class, () -> Verifier.of(SECRET, changed));
      assertFalse(mistake.getMessage().contains("AAECAw"), changed);
      assertEquals(null, mistake.getCause());
    }
    assertThrows(InvalidSecretException.class, () -> Verifier.of());
  }

  @Test
  void textsThatAreNoUnicodeAreReadWithReplacements() throws Exception {
    for (var bad : List.of("\u00ff", "\\ud800", "\\ude00")) {
      var body =
          "{\"event\":\"a.b\",\"id\":\"%s\",\"created_at\":\"2026-12-01T09:00:00Z\",\"data\":{}}"
              .formatted(bad);
      assertEquals("\ufffd", Event.parse(body.getBytes(ISO_8859_1)).id());
    }
  }

  @Test
  void theLastOfTwoFieldsOfOneNameCounts() throws Exception {
    var body =
        "{\"id\":1,\"event\":\"a.b\",\"id\":\"evt_2\",\"data\":1,"
            + "\"created_at\":\"2026-12-01T09:00:00Z\",\"data\":{\"a\" : [1, 2]}}";
    var event = Event.parse(body.getBytes(UTF_8));
    assertEquals("evt_2", event.id());
    assertEquals(new UnknownData("{\"a\" : [1, 2]}"), event.data());
  }

  @Test
  void whatOnlyLenientParsersTakeIsNoJson() {
    var good =
        "{\"event\":\"a.b\",\"id\":\"evt_1\",\"created_at\":\"2026-12-01T09:00:00Z\",\"data\":{%s}}";
    for (var bad :
        List.of(
            "\ufeff" + good.formatted(""),
            good.formatted("\"a\":NaN"),
            good.formatted("\"a\":01"),
            good.formatted("\"a\":+1"),
            good.formatted("\"a\":1."),
            good.formatted("\"a\":.5"),
            good.formatted("'a':1"),
            good.formatted("a:1"),
            good.formatted("\"a\":\"\t\""),
            good.formatted("\"a\":\"\\x\""),
            good.formatted("\"a\":1,"),
            good.formatted("\"a\":[1,]"),
            good.formatted("/* */"),
            good.formatted("\"a\":" + "[".repeat(10_001) + "]".repeat(10_001)))) {
      var refused = refusal(() -> Event.parse(bad.getBytes(UTF_8)));
      assertEquals(Code.MALFORMED_BODY, refused.code(), bad);
    }
    var deep = good.formatted("\"a\":" + "[".repeat(9_000) + "]".repeat(9_000));
    var long_ =
        good.formatted("\"a\":" + "1".repeat(100_000) + ",\"" + "k".repeat(100_000) + "\":1");
    assertEquals("a.b", parsed(deep).type());
    assertEquals("a.b", parsed(long_).type());
  }

  private static Event parsed(String body) {
    try {
      return Event.parse(body.getBytes(UTF_8));
    } catch (WebhookException refused) {
      throw new AssertionError(refused);
    }
  }

  @Test
  void timesAreThoseOfRfc3339() {
    var good =
        Map.of(
            "2026-12-01T09:00:00Z", "2026-12-01T09:00:00Z",
            "2026-12-01T09:00:00.5+01:30", "2026-12-01T07:30:00.5Z",
            "2026-12-01T09:00:00.1234567899-23:59", "2026-12-02T08:59:00.123456789Z",
            "0000-02-29T00:00:00Z", "0000-02-29T00:00:00Z");
    good.forEach(
        (text, time) -> assertEquals(Instant.parse(time), Rfc3339.parse(text).orElseThrow(), text));
    for (var bad :
        List.of(
            "",
            "2026-12-01",
            "2026-12-01T09:00:00",
            "2026-12-01t09:00:00Z",
            "2026-12-01 09:00:00Z",
            "2026-12-01T9:00:00Z",
            "2026-12-01T24:00:00Z",
            "2026-12-01T09:00:60Z",
            "2026-12-01T09:00:00,5Z",
            "2026-12-01T09:00:00.Z",
            "2026-12-01T09:00:00+24:00",
            "2026-12-01T09:00:00+01:60",
            "2026-12-01T09:00:00+0100",
            "+2026-12-01T09:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-12-01T09:00:00Z\n",
            "२०26-12-01T09:00:00Z")) {
      assertEquals(true, Rfc3339.parse(bad).isEmpty(), bad);
    }
  }

  /** Whatever comes, the outcome is an event or a documented exception, which shows no secret. */
  @Test
  void whateverComesHasADocumentedOutcome() throws Exception {
    var random = new Random(1);
    var vectors = Checkout.vectors("verifying");
    for (var i = 0; i < 3_000; i++) {
      var vector = vectors.get(random.nextInt(vectors.size()));
      var body = vector.get("body").getAsString().getBytes(UTF_8);
      for (var change = 0; change < random.nextInt(4) && body.length > 0; change++) {
        body[random.nextInt(body.length)] = (byte) random.nextInt(256);
      }
      try {
        Event.parse(body);
      } catch (WebhookException refused) {
        assertEquals(Code.MALFORMED_BODY, refused.code());
      }
      var headers = new HashMap<String, List<String>>();
      for (var name : List.of("webhook-id", "Webhook-Timestamp", "webhook-signature")) {
        var letters = new char[random.nextInt(30)];
        for (var at = 0; at < letters.length; at++) {
          letters[at] = (char) random.nextInt(random.nextBoolean() ? 128 : 65_536);
        }
        headers.put(name, List.of(name.equals("Webhook-Timestamp") ? "1" : new String(letters)));
      }
      var changed = body;
      var refused = refusal(() -> Verifier.of(SECRET).withoutTolerance().verify(changed, headers));
      assertFalse(refused.getMessage().contains("AAECAw"));
    }
  }

  private static WebhookException refusal(Executable verifying) {
    return assertThrows(WebhookException.class, verifying);
  }
}
