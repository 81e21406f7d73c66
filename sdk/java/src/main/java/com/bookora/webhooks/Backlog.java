package com.bookora.webhooks;

import com.bookora.webhooks.v1.PublishEventResult;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * The events of a publisher that have no result, in their order: this is where those who hand in,
 * the publisher's own thread, and the stream's callbacks meet.
 */
final class Backlog {
  static final Duration FOREVER = Duration.ofNanos(Long.MAX_VALUE);

  private static final String NO_ANSWER = "the service does not answer";

  private final PublisherOptions options;
  private final Deque<Publication> unsent = new ArrayDeque<>();

  /** Over the stream that is open. */
  private final Deque<Publication> sent = new ArrayDeque<>();

  /** When a result came last, or the first of what waits was handed in: System.nanoTime. */
  private long progress;

  /** Why there is no result, for people to read. */
  private String obstacle = NO_ANSWER;

  private boolean isClosed;

  /** Set once; nothing is added then. */
  private StatusRuntimeException failure;

  Backlog(PublisherOptions options) {
    this.options = options;
  }

  /**
   * Waits for a place, and takes it.
   *
   * @throws IllegalStateException after {@link #close}
   * @throws StatusRuntimeException the failure; DEADLINE_EXCEEDED where there was no place in time
   */
  synchronized void add(Publication publication, Duration atMost) throws InterruptedException {
    var hasPlace = await(() -> isClosed || outstanding() < options.outstandingMax(), atMost);
    if (failure != null) {
      throw failure;
    }
    if (!hasPlace) {
      throw Status.DEADLINE_EXCEEDED
          .withDescription("as many events as may be wait for their result")
          .asRuntimeException();
    }
    if (isClosed) {
      throw new IllegalStateException("the publisher is closed");
    }
    if (outstanding() == 0) {
      progress = System.nanoTime();
    }
    unsent.addLast(publication);
    notifyAll();
  }

  /** Null where all are sent. */
  synchronized Publication nextToSend() {
    var next = unsent.pollFirst();
    if (next != null) {
      sent.addLast(next);
    }
    return next;
  }

  /** For a stream that broke: what has no result is sent once more over the next. */
  synchronized void sendAgain(StatusRuntimeException broken) {
    while (!sent.isEmpty()) {
      unsent.addFirst(sent.pollLast());
    }
    obstacle = broken == null ? NO_ANSWER : "the last stream ended with " + broken.getMessage();
  }

  /** Takes a result; false where it belongs to nothing that was sent. */
  boolean settleFirst(PublishEventResult result) {
    var first = firstSent();
    if (first == null) {
      return false;
    }
    // Without the lock, as it calls others; and before the event leaves, so that whoever finds
    // nothing outstanding finds every result.
    first.settle(result);
    dropFirst();
    return true;
  }

  private synchronized Publication firstSent() {
    return sent.peekFirst();
  }

  private synchronized void dropFirst() {
    sent.pollFirst();
    progress = System.nanoTime();
    obstacle = NO_ANSWER;
    notifyAll();
  }

  /** The event that was handed in last; null where nothing is outstanding. */
  synchronized Publication last() {
    return unsent.isEmpty() ? sent.peekLast() : unsent.peekLast();
  }

  synchronized boolean hasUnsent() {
    return !unsent.isEmpty();
  }

  private int outstanding() {
    return unsent.size() + sent.size();
  }

  /** Nothing more is taken; what was handed in before is still to be sent. */
  synchronized void close() {
    isClosed = true;
    notifyAll();
  }

  /** Whether nothing is outstanding, and nothing more comes. */
  synchronized boolean isDone() {
    return isClosed && outstanding() == 0;
  }

  /** Refuses what comes; {@link #failOutstanding} tells what is there. */
  synchronized void fail(StatusRuntimeException error) {
    if (failure == null) {
      failure = error;
    }
    notifyAll();
  }

  /** Null where there is none. */
  synchronized StatusRuntimeException failure() {
    return failure;
  }

  /** Gives everything that has no result the failure. */
  void failOutstanding() {
    for (var publication : outstandingNow()) {
      publication.fail(failure());
    }
  }

  private synchronized List<Publication> outstandingNow() {
    var all = new ArrayList<>(sent);
    all.addAll(unsent);
    return all;
  }

  /** Lets those who wait look again. */
  synchronized void signal() {
    notifyAll();
  }

  /** Waits until something is outstanding; false where the publisher ends first. */
  synchronized boolean awaitWork() throws InterruptedException {
    await(() -> isClosed || outstanding() > 0, FOREVER);
    return failure == null && outstanding() > 0;
  }

  /**
   * Waits until something is so, or the publisher has failed; it does so here where nothing has
   * come for too long. False where the time was over first.
   */
  synchronized boolean await(BooleanSupplier isSo, Duration atMost) throws InterruptedException {
    var began = System.nanoTime();
    while (failure == null && !isSo.getAsBoolean()) {
      var left = nanos(atMost) - (System.nanoTime() - began);
      if (left <= 0) {
        return false;
      }
      var patience = patience();
      if (patience <= 0) {
        fail(stuck());
      } else {
        TimeUnit.NANOSECONDS.timedWait(this, Math.min(left, patience));
      }
    }
    return true;
  }

  /** Nanoseconds that may pass without a result. */
  private long patience() {
    if (outstanding() == 0) {
      return Long.MAX_VALUE;
    }
    return nanos(options.giveUpAfter()) - (System.nanoTime() - progress);
  }

  private StatusRuntimeException stuck() {
    return Status.UNAVAILABLE
        .withDescription(
            "no result for %s s: %s".formatted(options.giveUpAfter().toMillis() / 1000.0, obstacle))
        .asRuntimeException();
  }

  /** As many as there can be, where they are more. */
  private static long nanos(Duration duration) {
    return TimeUnit.NANOSECONDS.convert(duration);
  }
}
