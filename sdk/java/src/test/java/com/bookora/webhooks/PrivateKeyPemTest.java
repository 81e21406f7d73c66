package com.bookora.webhooks;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.security.KeyPairGenerator;
import java.util.Arrays;
import java.util.Base64;
import org.junit.jupiter.api.Test;

class PrivateKeyPemTest {
  @Test
  void aKeyInTheFormOfRsaIsTheSameInPkcs8() throws Exception {
    var generator = KeyPairGenerator.getInstance("RSA");
    generator.initialize(2048);
    var pkcs8 = generator.generateKeyPair().getPrivate().getEncoded();
    // What is before is the version, the algorithm, and the lengths of all.
    var inside = Arrays.copyOfRange(pkcs8, 26, pkcs8.length);
    var converted = PrivateKeyPem.inPkcs8(pem("RSA PRIVATE KEY", inside));
    var again = converted.replaceAll("-----[A-Z ]+-----", "");
    assertArrayEquals(pkcs8, Base64.getMimeDecoder().decode(again));
  }

  @Test
  void anotherFormIsLeftAsItIs() {
    var pem = pem("PRIVATE KEY", new byte[] {1, 2, 3});
    assertEquals(pem, PrivateKeyPem.inPkcs8(pem));
  }

  @Test
  void aKeyThatIsCutIsRefused() {
    for (var cut : new byte[][] {{0x30}, {0x30, 9, 2}, {0x30, (byte) 0x84}, {0x30, 0}}) {
      var pem = pem("EC PRIVATE KEY", cut);
      assertThrows(IllegalArgumentException.class, () -> PrivateKeyPem.inPkcs8(pem));
    }
  }

  private static String pem(String kind, byte[] key) {
    var base64 = Base64.getMimeEncoder().encodeToString(key);
    return "-----BEGIN %s-----\n%s\n-----END %s-----\n".formatted(kind, base64, kind);
  }
}
