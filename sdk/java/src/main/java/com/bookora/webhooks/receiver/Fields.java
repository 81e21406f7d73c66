package com.bookora.webhooks.receiver;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.IOException;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A JSON object (RFC 8259) of which fields are read one by one. Of a field that is there twice the
 * last one counts.
 */
final class Fields {
  /** A body is in memory, with whatever it has: only its depth is bounded. */
  private static final StreamReadConstraints CONSTRAINTS =
      StreamReadConstraints.builder()
          .maxNestingDepth(10_000)
          .maxStringLength(Integer.MAX_VALUE)
          .maxNumberLength(Integer.MAX_VALUE)
          .maxNameLength(Integer.MAX_VALUE)
          .build();

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(CONSTRAINTS)
          // Names that others choose are not kept, nor refused for their hashes.
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .build();

  /**
   * A field's value.
   *
   * @param text the text of a text, the digits of a number, the JSON of anything else
   */
  private record Value(JsonToken kind, String text) {}

  private final String path;
  private final String json;
  private final Map<String, Value> values;

  private Fields(String path, String json, Map<String, Value> values) {
    this.path = path;
    this.json = json;
    this.values = values;
  }

  /** Reads the object in a whole text; {@code path} is where the text is in the body. */
  static Fields of(String path, String json) throws WebhookException {
    try (var parser = JSON.createParser(json)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw notAnObject(path);
      }
      var values = new HashMap<String, Value>();
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        values.put(parser.currentName(), read(parser, json));
      }
      if (parser.nextToken() != null) {
        throw notAnObject(path);
      }
      return new Fields(path, json, values);
    } catch (JsonProcessingException noJson) {
      throw notAnObject(path);
    } catch (IOException impossible) {
      throw new IllegalStateException("a text in memory can be read", impossible);
    }
  }

  private static Value read(JsonParser parser, String json) throws IOException {
    var kind = parser.nextToken();
    if (!kind.isStructStart()) {
      return new Value(kind, parser.getText());
    }
    var start = parser.currentTokenLocation().getCharOffset();
    parser.skipChildren();
    var end = parser.currentLocation().getCharOffset();
    return new Value(kind, json.substring((int) start, (int) end));
  }

  /** The object's own JSON, as it came. */
  String json() {
    return json;
  }

  String text(String name) throws WebhookException {
    return textOf(name, required(name));
  }

  /** Absent where the field is; null is not absent. */
  Optional<String> optionalText(String name) throws WebhookException {
    var value = values.get(name);
    return value == null ? Optional.empty() : Optional.of(textOf(name, value));
  }

  private String textOf(String name, Value value) throws WebhookException {
    if (value.kind != JsonToken.VALUE_STRING) {
      throw refuse(name, "is not a text");
    }
    return replaceLoneSurrogates(value.text);
  }

  /** Text that is no Unicode could not be written down again. */
  private static String replaceLoneSurrogates(String text) {
    var replaced = new StringBuilder(text.length());
    text.codePoints()
        .map(letter -> Character.getType(letter) == Character.SURROGATE ? 0xFFFD : letter)
        .forEach(replaced::appendCodePoint);
    return replaced.toString();
  }

  double number(String name) throws WebhookException {
    var value = required(name);
    // One beyond every double would be infinite.
    if (value.kind.isNumeric() && Double.isFinite(Double.parseDouble(value.text))) {
      return Double.parseDouble(value.text);
    }
    throw refuse(name, "is not a number");
  }

  int integer(String name) throws WebhookException {
    var number = number(name);
    if (number != Math.rint(number) || Math.abs(number) > Integer.MAX_VALUE) {
      throw refuse(name, "is not a whole number");
    }
    return (int) number;
  }

  Instant time(String name) throws WebhookException {
    var text = text(name);
    return Rfc3339.parse(text).orElseThrow(() -> refuse(name, "is not a time of RFC 3339"));
  }

  Fields object(String name) throws WebhookException {
    var value = required(name);
    if (value.kind != JsonToken.START_OBJECT) {
      throw notAnObject(pathOf(name));
    }
    return of(pathOf(name), value.text);
  }

  private Value required(String name) throws WebhookException {
    var value = values.get(name);
    if (value == null) {
      throw refuse(name, "is missing");
    }
    return value;
  }

  private WebhookException refuse(String name, String why) {
    return WebhookException.ofField(pathOf(name), pathOf(name) + " " + why);
  }

  private String pathOf(String name) {
    return path.isEmpty() ? name : path + "." + name;
  }

  private static WebhookException notAnObject(String path) {
    return WebhookException.ofField(
        path, (path.isEmpty() ? "the body" : path) + " is not a JSON object");
  }
}
