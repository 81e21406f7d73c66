package com.bookora.webhooks.receiver;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/**
 * The keys that one secret is in the two schemes.
 *
 * @param standard what follows {@code whsec_}, decoded from base64 (Standard Webhooks, "Signature
 *     scheme"); of a secret without the prefix its text
 * @param bookora the text
 */
record SecretKeys(byte[] standard, byte[] bookora) {
  private static final String PREFIX = "whsec_";

  static List<SecretKeys> read(List<String> secrets) {
    if (secrets.isEmpty()) {
      throw new InvalidSecretException(
          "there is none: take it from the endpoint's page or from CreateEndpoint");
    }
    var keys = new ArrayList<SecretKeys>();
    for (var secret : secrets) {
      keys.add(read(secret, "number %d of %d".formatted(keys.size() + 1, secrets.size())));
    }
    return List.copyOf(keys);
  }

  private static SecretKeys read(String secret, String which) {
    if (secret == null || secret.isEmpty()) {
      throw new InvalidSecretException(which + " is empty");
    }
    var bookora = secret.getBytes(UTF_8);
    if (!secret.startsWith(PREFIX)) {
      return new SecretKeys(bookora, bookora);
    }
    return new SecretKeys(decode(secret.substring(PREFIX.length()), which), bookora);
  }

  private static byte[] decode(String encoded, String which) {
    try {
      var decoded = Base64.getDecoder().decode(encoded);
      // The decoder passes over missing padding and stray bits, which Bookora's secrets do not
      // have.
      if (decoded.length > 0 && Base64.getEncoder().encodeToString(decoded).equals(encoded)) {
        return decoded;
      }
    } catch (IllegalArgumentException refused) {
      // Its message quotes a letter of the secret: not even that is shown.
    }
    throw new InvalidSecretException(
        which
            + " goes on after "
            + PREFIX
            + " in something else than padded base64; it must be exactly as Bookora showed it");
  }
}
