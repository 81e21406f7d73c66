package com.bookora.webhooks.receiver;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.bookora.webhooks.stage.Checkout;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.function.ThrowingConsumer;

class VectorsTest {
  private static Stream<DynamicTest> each(String kind, ThrowingConsumer<JsonObject> test)
      throws IOException {
    return Checkout.vectors(kind).stream()
        .map(
            vector ->
                DynamicTest.dynamicTest(
                    vector.get("name").getAsString(), () -> test.accept(vector)));
  }

  @TestFactory
  Stream<DynamicTest> whatTheServiceSignsVerifiesWithEachSecretAndWithAll() throws IOException {
    return each(
        "signing",
        vector -> {
          var held = new ArrayList<List<String>>();
          held.add(texts(vector.get("secrets")));
          held.get(0).forEach(secret -> held.add(List.of(secret)));
          for (var secrets : held) {
            var verifier = Verifier.of(secrets).withClock(at(vector.get("timestamp")));
            var event = verifier.verify(body(vector), headers(vector));
            assertArrayEquals(body(vector), event.raw());
          }
        });
  }

  @TestFactory
  Stream<DynamicTest> verifyingHasTheOutcomeOfEveryVector() throws IOException {
    return each(
        "verifying",
        vector -> {
          var header = vector.has("header") ? vector.get("header").getAsString() : "";
          assertEquals(vector.get("outcome").getAsString() + " " + header, outcome(vector));
        });
  }

  private static String outcome(JsonObject vector) {
    try {
      var verifier = Verifier.of(texts(vector.get("secrets"))).withClock(at(vector.get("now")));
      var tolerance = vector.get("tolerance_seconds");
      verifier =
          tolerance.isJsonNull()
              ? verifier.withoutTolerance()
              : verifier.withTolerance(Duration.ofSeconds(tolerance.getAsLong()));
      verifier.verify(body(vector), headers(vector));
      return "OK ";
    } catch (WebhookException refused) {
      return refused.code() + " " + refused.header().orElse("");
    } catch (InvalidSecretException mistake) {
      return "INVALID_SECRET ";
    }
  }

  @TestFactory
  Stream<DynamicTest> everyMalformedBodyIsRefusedByItsField() throws IOException {
    return each(
        "malformed",
        vector -> {
          var refused = assertThrows(WebhookException.class, () -> Event.parse(body(vector)));
          assertEquals(WebhookException.Code.MALFORMED_BODY, refused.code());
          assertEquals(vector.get("field").getAsString(), refused.field().orElse(""));
        });
  }

  @TestFactory
  Stream<DynamicTest> theFieldsOfEveryBodyAreThoseOfItsData() throws IOException {
    return each(
        "bodies",
        vector -> {
          var event = Event.parse(body(vector));
          var written = JsonParser.parseString(vector.get("body").getAsString()).getAsJsonObject();
          assertEquals(vector.get("id").getAsString(), event.id());
          assertEquals(written.get("event").getAsString(), event.type());
          assertEquals(Instant.parse(written.get("created_at").getAsString()), event.createdAt());
          assertEquals(written.get("data"), JsonParser.parseString(event.rawData()));
          FieldsOfRecord.compare(event.data(), written.getAsJsonObject("data"));
        });
  }

  private static InstantSource at(JsonElement seconds) {
    return InstantSource.fixed(Instant.ofEpochSecond(seconds.getAsLong()));
  }

  private static byte[] body(JsonObject vector) {
    return vector.get("body").getAsString().getBytes(UTF_8);
  }

  /** A list as a header's value is a header that came several times. */
  private static Map<String, List<String>> headers(JsonObject vector) {
    var headers = new HashMap<String, List<String>>();
    vector
        .getAsJsonObject("headers")
        .asMap()
        .forEach((name, value) -> headers.put(name, texts(value)));
    return headers;
  }

  private static List<String> texts(JsonElement oneOrMore) {
    return oneOrMore.isJsonArray()
        ? oneOrMore.getAsJsonArray().asList().stream().map(JsonElement::getAsString).toList()
        : List.of(oneOrMore.getAsString());
  }
}
