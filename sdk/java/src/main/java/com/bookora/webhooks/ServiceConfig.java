package com.bookora.webhooks;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The service's own, which says what is retried and how long a call may take, in two parts.
 *
 * @param retries for gRPC, without the deadlines: there they would cut those that a caller sets
 *     longer
 * @param timeouts by full name of a method, or of a service with a slash behind
 */
record ServiceConfig(Map<String, ?> retries, Map<String, Duration> timeouts) {
  /** The one that the contract has. */
  static ServiceConfig published() {
    try (var text = ServiceConfig.class.getResourceAsStream("service_config.json")) {
      return split(readJson(text));
    } catch (IOException cause) {
      throw new UncheckedIOException("the package has no service config", cause);
    }
  }

  private static ServiceConfig split(Map<?, ?> config) {
    var retries = new HashMap<String, Object>();
    config.forEach((key, value) -> retries.put((String) key, value));
    var timeouts = new HashMap<String, Duration>();
    for (var each : (List<?>) config.get("methodConfig")) {
      var methodConfig = (Map<?, ?>) each;
      if (methodConfig.remove("timeout") instanceof String timeout) {
        for (var name : (List<?>) methodConfig.get("name")) {
          timeouts.put(fullName((Map<?, ?>) name), readDuration(timeout));
        }
      }
    }
    return new ServiceConfig(retries, timeouts);
  }

  private static String fullName(Map<?, ?> name) {
    var method = name.get("method");
    return name.get("service") + "/" + (method == null ? "" : method);
  }

  /** Seconds, as proto's JSON form has them: 0.5s. */
  private static Duration readDuration(String text) {
    return Duration.parse("PT" + text);
  }

  private static Map<?, ?> readJson(InputStream text) throws IOException {
    try (var parser = new JsonFactory().createParser(text)) {
      parser.nextToken();
      return (Map<?, ?>) readValue(parser);
    }
  }

  /** Gives gRPC what it takes: maps, lists, texts and doubles. */
  private static Object readValue(JsonParser parser) throws IOException {
    switch (parser.currentToken()) {
      case START_OBJECT -> {
        var object = new LinkedHashMap<String, Object>();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
          var name = parser.currentName();
          parser.nextToken();
          object.put(name, readValue(parser));
        }
        return object;
      }
      case START_ARRAY -> {
        var array = new ArrayList<Object>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          array.add(readValue(parser));
        }
        return array;
      }
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> {
        return parser.getDoubleValue();
      }
      case VALUE_TRUE, VALUE_FALSE -> {
        return parser.getBooleanValue();
      }
      default -> {
        return parser.getText();
      }
    }
  }
}
