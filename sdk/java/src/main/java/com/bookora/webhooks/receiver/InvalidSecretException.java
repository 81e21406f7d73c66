package com.bookora.webhooks.receiver;

/**
 * A mistake of the receiver's own: it has no secret, or one that is not as Bookora shows it. No
 * request can be verified until that is mended. The message says which of the secrets it is,
 * without its text.
 */
public final class InvalidSecretException extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  InvalidSecretException(String message) {
    super("webhook secrets: " + message);
  }
}
