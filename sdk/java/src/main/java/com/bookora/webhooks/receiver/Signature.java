package com.bookora.webhooks.receiver;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.bookora.webhooks.receiver.WebhookException.Code;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** The two schemes, both HMAC-SHA256 (RFC 2104). */
final class Signature {
  private static final String VERSION = "v1,";

  private Signature() {}

  /** Standard Webhooks, "Signature scheme": the id and the time are signed with the body. */
  static void judgeStandard(byte[] body, SignatureHeaders signed, List<SecretKeys> keys)
      throws WebhookException {
    // Other versions are for receivers of other times.
    var given =
        Arrays.stream(signed.signature().split(" ", -1))
            .filter(each -> each.startsWith(VERSION))
            .map(each -> each.substring(VERSION.length()))
            .toList();
    var before = (signed.id() + "." + signed.timestamp() + ".").getBytes(UTF_8);
    var expected =
        keys.stream()
            .map(key -> Base64.getEncoder().encodeToString(hmac(key.standard(), before, body)))
            .toList();
    if (!anyMatch(given, expected)) {
      throw mismatch(SignatureHeaders.SIGNATURE);
    }
  }

  /** Bookora's own: the body alone is signed. */
  static void judgeBookora(byte[] body, SignatureHeaders signed, List<SecretKeys> keys)
      throws WebhookException {
    var given = Stream.of(signed.bookora(), signed.previous()).filter(Objects::nonNull).toList();
    if (given.isEmpty()) {
      throw Verifier.missing(SignatureHeaders.BOOKORA);
    }
    var expected =
        keys.stream().map(key -> HexFormat.of().formatHex(hmac(key.bookora(), body))).toList();
    if (!anyMatch(given, expected)) {
      throw mismatch(SignatureHeaders.BOOKORA);
    }
  }

  private static byte[] hmac(byte[] key, byte[]... parts) {
    try {
      var mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(key, mac.getAlgorithm()));
      for (var part : parts) {
        mac.update(part);
      }
      return mac.doFinal();
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException("every Java has HmacSHA256", impossible);
    }
  }

  /** Compares every pair, so that how long it takes does not tell which one matched. */
  private static boolean anyMatch(List<String> given, List<String> expected) {
    var matched = false;
    for (var one : given) {
      for (var other : expected) {
        matched |= MessageDigest.isEqual(one.getBytes(UTF_8), other.getBytes(UTF_8));
      }
    }
    return matched;
  }

  private static WebhookException mismatch(String header) {
    return WebhookException.ofHeader(
        Code.NO_MATCHING_SIGNATURE,
        header,
        header
            + " was not made with one of the secrets over this body. Is the body what came, byte"
            + " for byte, and is the secret that of this endpoint?");
  }
}
