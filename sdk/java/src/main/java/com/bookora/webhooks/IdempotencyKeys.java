package com.bookora.webhooks;

import com.bookora.webhooks.v1.PublishEventRequest;
import java.util.UUID;

/** Keys that make it safe to publish a request again. */
final class IdempotencyKeys {
  private IdempotencyKeys() {}

  /** The request, or where it has no key a copy of it with a random UUID (RFC 9562, version 4). */
  static PublishEventRequest keyed(PublishEventRequest request) {
    if (!request.getIdempotencyKey().isEmpty()) {
      return request;
    }
    return request.toBuilder().setIdempotencyKey(UUID.randomUUID().toString()).build();
  }
}
