package com.bookora.webhooks.receiver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;

/** Compares what was read into a record with the JSON that it was read from. */
final class FieldsOfRecord {
  private FieldsOfRecord() {}

  /** Expects every field of the one in the other, with the same value. */
  static void compare(EventData read, JsonObject written) throws ReflectiveOperationException {
    if (read instanceof UnknownData unknown) {
      assertEquals(written, JsonParser.parseString(unknown.json()));
      return;
    }
    var found = 0;
    for (var component : read.getClass().getRecordComponents()) {
      var name = snakeCase(component.getName());
      var value = component.getAccessor().invoke(read);
      if (value instanceof Optional<?> optional) {
        value = optional.orElse(null);
      }
      if (value == null) {
        assertNull(written.get(name), name);
        continue;
      }
      found++;
      assertEquals(valueOf(written.get(name), value.getClass()), value, name);
    }
    assertEquals(written.size(), found, "fields were read");
  }

  private static Object valueOf(JsonElement written, Class<?> type) {
    if (type == Instant.class) {
      return Instant.parse(written.getAsString());
    }
    if (type == Double.class) {
      return written.getAsDouble();
    }
    return type == Integer.class ? (Object) written.getAsInt() : written.getAsString();
  }

  /** That of bookingId is booking_id. */
  private static String snakeCase(String name) {
    return name.replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
  }
}
