package com.bookora.webhooks.receiver;

import com.bookora.webhooks.receiver.WebhookException.Code;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** The headers that a signature is made of; null for what is not there. */
record SignatureHeaders(
    String id, String timestamp, String signature, String bookora, String previous) {
  static final String ID = "webhook-id";
  static final String TIMESTAMP = "webhook-timestamp";
  static final String SIGNATURE = "webhook-signature";
  static final String BOOKORA = "x-bookora-signature";
  static final String PREVIOUS = "x-bookora-signature-previous";

  static SignatureHeaders read(Function<String, ? extends List<String>> valuesOf)
      throws WebhookException {
    return new SignatureHeaders(
        only(ID, valuesOf),
        only(TIMESTAMP, valuesOf),
        only(SIGNATURE, valuesOf),
        only(BOOKORA, valuesOf),
        only(PREVIOUS, valuesOf));
  }

  /** Refuses a header that came twice: which of the two was meant nobody knows. */
  private static String only(String name, Function<String, ? extends List<String>> valuesOf)
      throws WebhookException {
    var values = valuesOf.apply(name);
    if (values == null || values.isEmpty()) {
      return null;
    }
    if (values.size() > 1) {
      throw WebhookException.ofHeader(
          Code.INVALID_HEADER, name, "the header " + name + " came more than once");
    }
    return values.get(0);
  }

  /** Finds a name whatever the case of its letters is in the map. */
  static Function<String, List<String>> inAnyCase(Map<String, List<String>> headers) {
    return name -> {
      var found = new ArrayList<String>();
      headers.forEach(
          (other, values) -> {
            if (values != null && isHeader(other, name)) {
              found.addAll(values);
            }
          });
      return found;
    };
  }

  /** Compares ASCII's letters alone: equalsIgnoreCase would take others for them too. */
  private static boolean isHeader(String name, String lowercase) {
    if (name == null || name.length() != lowercase.length()) {
      return false;
    }
    for (var i = 0; i < name.length(); i++) {
      var letter = name.charAt(i);
      if ('A' <= letter && letter <= 'Z') {
        letter += 'a' - 'A';
      }
      if (letter != lowercase.charAt(i)) {
        return false;
      }
    }
    return true;
  }
}
