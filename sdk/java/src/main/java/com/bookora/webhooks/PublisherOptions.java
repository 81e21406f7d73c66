package com.bookora.webhooks;

import java.time.Duration;

/**
 * Settings of a {@link Publisher}.
 *
 * @param outstandingMax how many events may wait for their result, 1-256
 * @param giveUpAfter for how long there may be no result, although events wait for one, before the
 *     publisher fails them all; more than 0
 */
public record PublisherOptions(int outstandingMax, Duration giveUpAfter) {
  /** The service reads no more requests of a stream whose results were not read. */
  private static final int OUTSTANDING_MAX = 256;

  /** 256 events, 2 minutes. */
  public static final PublisherOptions DEFAULT =
      new PublisherOptions(OUTSTANDING_MAX, Duration.ofMinutes(2));

  /**
   * Makes options.
   *
   * @throws IllegalArgumentException where one is out of its range
   */
  public PublisherOptions {
    if (outstandingMax < 1 || outstandingMax > OUTSTANDING_MAX) {
      throw new IllegalArgumentException(
          "%d outstanding events are not 1-%d".formatted(outstandingMax, OUTSTANDING_MAX));
    }
    if (giveUpAfter.isNegative() || giveUpAfter.isZero()) {
      throw new IllegalArgumentException(
          "to give up after %s is not after more than 0".formatted(giveUpAfter));
    }
  }

  /** The same, but for how many events may wait for their result. */
  public PublisherOptions withOutstandingMax(int outstandingMax) {
    return new PublisherOptions(outstandingMax, giveUpAfter);
  }

  /** The same, but for how long there may be no result. */
  public PublisherOptions withGiveUpAfter(Duration giveUpAfter) {
    return new PublisherOptions(outstandingMax, giveUpAfter);
  }
}
