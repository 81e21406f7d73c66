package com.bookora.webhooks;

import com.bookora.webhooks.v1.ErrorReason;

/** Judges what ended a stream. */
final class Resumption {
  private Resumption() {}

  /**
   * Whether a new stream may mend what ended one, which was not cancelled here.
   *
   * @param error null for an end without one: some proxies end a stream so
   * @param worked whether a message had come
   */
  static boolean isPromising(Throwable error, boolean worked) {
    if (error == null) {
      return true;
    }
    var details = ErrorDetails.of(error);
    return switch (details.code()) {
      case UNAVAILABLE -> true;
      case RESOURCE_EXHAUSTED -> details.knownReason() == ErrorReason.ERROR_REASON_WATCH_TOO_SLOW;
      // A stream that is reset, or ends before its trailers, has one of these. What the service
      // itself says has a reason. A stream that never worked is rather an error that would come
      // again.
      case CANCELLED, ABORTED, INTERNAL, UNKNOWN -> worked && details.reason().isEmpty();
      default -> false;
    };
  }
}
