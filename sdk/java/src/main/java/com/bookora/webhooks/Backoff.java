package com.bookora.webhooks;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongUnaryOperator;

/**
 * Says how long to wait before a stream is opened again: full jitter, so that not all clients come
 * back at once.
 */
final class Backoff {
  static final Duration FIRST = Duration.ofMillis(100);

  /** A service that comes back is found within this. */
  static final Duration LONGEST = Duration.ofSeconds(10);

  private final LongUnaryOperator random;
  private Duration longest = FIRST;

  /** {@code random} gives a number from 0 to below the one that it gets. */
  Backoff(LongUnaryOperator random) {
    this.random = random;
  }

  Backoff() {
    this(bound -> ThreadLocalRandom.current().nextLong(bound));
  }

  /** The wait before the next try: what the service asked for, if it did. */
  Duration next(Optional<Duration> asked) {
    var bound = longest;
    var doubled = longest.multipliedBy(2);
    longest = doubled.compareTo(LONGEST) < 0 ? doubled : LONGEST;
    return asked.orElseGet(() -> Duration.ofNanos(random.applyAsLong(bound.toNanos() + 1)));
  }

  void reset() {
    longest = FIRST;
  }
}
