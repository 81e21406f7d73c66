package com.bookora.webhooks;

import java.io.ByteArrayOutputStream;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.regex.Pattern;

/**
 * A private key in PEM. Netty takes PKCS #8 (RFC 5958) alone; keys are made in the forms of OpenSSL
 * as often: of elliptic curves (RFC 5915) and of RSA (RFC 8017, appendix A.1.2).
 */
final class PrivateKeyPem {
  private static final Pattern OTHER_FORM =
      Pattern.compile(
          "-----BEGIN (EC|RSA) PRIVATE KEY-----([A-Za-z0-9+/=\\s]+)-----END \\1 PRIVATE KEY-----");

  private static final int SEQUENCE = 0x30;
  private static final int OCTET_STRING = 0x04;

  /** [0] in an elliptic curve's key: which curve it is. */
  private static final int CURVE = 0xa0;

  private static final byte[] VERSION = {0x02, 0x01, 0x00};
  private static final byte[] ID_EC_PUBLIC_KEY = {
    0x06, 0x07, 0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d, 0x02, 0x01
  };
  private static final byte[] RSA_ENCRYPTION = {
    0x06, 0x09, 0x2a, (byte) 0x86, 0x48, (byte) 0x86, (byte) 0xf7, 0x0d, 0x01, 0x01, 0x01
  };
  private static final byte[] NULL = {0x05, 0x00};

  private PrivateKeyPem() {}

  /** The key in PKCS #8; a text of another kind as it is. */
  static String inPkcs8(String pem) {
    var found = OTHER_FORM.matcher(pem);
    if (!found.find()) {
      return pem;
    }
    var key = Base64.getMimeDecoder().decode(found.group(2));
    var algorithm =
        found.group(1).equals("EC")
            ? element(SEQUENCE, ID_EC_PUBLIC_KEY, curveOf(key))
            : element(SEQUENCE, RSA_ENCRYPTION, NULL);
    var pkcs8 = element(SEQUENCE, VERSION, algorithm, element(OCTET_STRING, key));
    return "-----BEGIN PRIVATE KEY-----\n"
        + Base64.getMimeEncoder().encodeToString(pkcs8)
        + "\n-----END PRIVATE KEY-----\n";
  }

  private static byte[] curveOf(byte[] key) {
    try {
      return findCurve(key);
    } catch (BufferUnderflowException | IndexOutOfBoundsException cut) {
      throw new IllegalArgumentException("the key is no key of an elliptic curve", cut);
    }
  }

  private static byte[] findCurve(byte[] key) {
    var fields = contents(ByteBuffer.wrap(key));
    while (fields.hasRemaining()) {
      var isCurve = (fields.get(fields.position()) & 0xff) == CURVE;
      var content = contents(fields);
      if (isCurve) {
        var curve = new byte[content.remaining()];
        content.get(curve);
        return curve;
      }
    }
    throw new IllegalArgumentException("the key does not say its curve");
  }

  /** The content of the next DER element (X.690, section 8.1), which is passed over. */
  private static ByteBuffer contents(ByteBuffer elements) {
    elements.get();
    var length = elements.get() & 0xff;
    if (length >= 0x80) {
      var digits = length & 0x7f;
      length = 0;
      for (var i = 0; i < digits; i++) {
        length = length << 8 | elements.get() & 0xff;
      }
    }
    var content = elements.slice(elements.position(), length);
    elements.position(elements.position() + length);
    return content;
  }

  private static byte[] element(int tag, byte[]... parts) {
    var content = new ByteArrayOutputStream();
    for (var part : parts) {
      content.writeBytes(part);
    }
    var element = new ByteArrayOutputStream();
    element.write(tag);
    // In as few bytes as do (X.690, section 10.1); two are enough for every key.
    if (content.size() > 0xff) {
      element.write(0x82);
      element.write(content.size() >> 8);
    } else if (content.size() >= 0x80) {
      element.write(0x81);
    }
    element.write(content.size());
    element.writeBytes(content.toByteArray());
    return element.toByteArray();
  }
}
