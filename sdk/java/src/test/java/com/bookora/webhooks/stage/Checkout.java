package com.bookora.webhooks.stage;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.StreamSupport;

/** The folder that the SDK is developed in. */
public final class Checkout {
  /** Surefire runs the tests in the SDK's folder. */
  public static final Path SDK = Path.of("").toAbsolutePath();

  /** The folder at the top. */
  public static final Path ROOT = SDK.getParent().getParent();

  private Checkout() {}

  /** The vectors of a kind, of which there is at least one. */
  public static List<JsonObject> vectors(String kind) throws IOException {
    var text = Files.readString(ROOT.resolve("tests/vectors/webhooks.json"));
    var vectors = JsonParser.parseString(text).getAsJsonObject().getAsJsonArray(kind);
    if (vectors.isEmpty()) {
      throw new AssertionError("there is no vector of " + kind);
    }
    return StreamSupport.stream(vectors.spliterator(), false)
        .map(vector -> vector.getAsJsonObject())
        .toList();
  }
}
