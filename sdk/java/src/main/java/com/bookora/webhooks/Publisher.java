package com.bookora.webhooks;

import com.bookora.webhooks.v1.EventIngestGrpc.EventIngestStub;
import com.bookora.webhooks.v1.PublishEventRequest;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;

/**
 * Publishes events one by one as they come, nearly as fast as batches. Where its stream breaks it
 * opens another and sends again whatever has no result, with the same idempotency keys: nothing is
 * lost, and nothing is there twice. It may be used from any thread.
 *
 * <pre>{@code
 * try (var publisher = client.newPublisher()) {
 *   var publication = publisher.publish(request); // Handed in.
 *   publication.result().whenComplete((published, refused) -> ...); // On disk, or refused.
 * } // All have their result.
 * }</pre>
 */
public final class Publisher implements AutoCloseable {
  private final Connection connection;
  private final EventIngestStub ingest;
  private final Backlog backlog;
  private final Backoff waits = new Backoff();
  private final Context.CancellationListener clientCloses;

  /** When nothing is sent any more. */
  private final CountDownLatch ended = new CountDownLatch(1);

  private Publisher(Connection connection, EventIngestStub ingest, PublisherOptions options) {
    this.connection = connection;
    this.ingest = ingest;
    this.backlog = new Backlog(options);
    this.clientCloses = closing -> backlog.fail(Connection.closed().asRuntimeException());
  }

  static Publisher start(Connection connection, EventIngestStub ingest, PublisherOptions options) {
    var publisher = new Publisher(connection, ingest, options);
    connection.whenClosed(publisher.clientCloses);
    var thread = new Thread(publisher::run, "bookora-webhooks-publisher");
    thread.setDaemon(true);
    thread.start();
    return publisher;
  }

  /**
   * Hands in an event, and waits while as many as may be are outstanding. Events are stored in the
   * order in which they are handed in. The request gets a key as in {@link Client#publish}. Where
   * an exception is thrown the event was not published.
   *
   * @throws IllegalStateException after {@link #close}
   * @throws StatusRuntimeException what the publisher gave up with; CANCELLED where the thread was
   *     interrupted
   */
  public Publication publish(PublishEventRequest request) {
    return publish(request, Backlog.FOREVER);
  }

  /**
   * Hands in an event as {@link #publish(PublishEventRequest)} does, and waits for its place at
   * most so long.
   *
   * @throws IllegalStateException after {@link #close}
   * @throws StatusRuntimeException DEADLINE_EXCEEDED where there was no place in time; what the
   *     publisher gave up with; CANCELLED where the thread was interrupted
   */
  public Publication publish(PublishEventRequest request, Duration atMost) {
    var publication = new Publication(IdempotencyKeys.keyed(request));
    try {
      backlog.add(publication, atMost);
      return publication;
    } catch (InterruptedException interrupted) {
      throw Interruption.kept();
    }
  }

  /**
   * Waits until every event that was handed in has its result. What came of single events is in
   * their results.
   *
   * @throws StatusRuntimeException what the publisher gave up with; CANCELLED where the thread was
   *     interrupted
   */
  public void flush() {
    var last = backlog.last();
    if (last != null) {
      try {
        // Results come in order: it is the last.
        last.result().get();
      } catch (ExecutionException refused) {
        // That is a result too.
      } catch (InterruptedException interrupted) {
        throw Interruption.kept();
      }
    }
    throwFailure();
  }

  /**
   * Waits until every event has its result, and ends the stream. It takes no longer than the
   * publisher goes on without a result; {@link #cancel} ends it at once, and so does an interrupt
   * of the thread. A second call does the same.
   *
   * @throws StatusRuntimeException what the publisher gave up with
   */
  @Override
  public void close() {
    backlog.close();
    try {
      ended.await();
    } catch (InterruptedException interrupted) {
      backlog.fail(Interruption.kept());
    }
    throwFailure();
  }

  /**
   * Ends the publisher at once: what has no result fails with CANCELLED, and may be published or
   * not.
   */
  public void cancel() {
    backlog.fail(
        Status.CANCELLED.withDescription("the publisher was cancelled").asRuntimeException());
  }

  private void throwFailure() {
    var failure = backlog.failure();
    if (failure != null) {
      throw failure;
    }
  }

  /** Opens one stream after the other, as long as there is something to send. */
  private void run() {
    try {
      while (backlog.awaitWork()) {
        mend(PublishStream.run(ingest, backlog));
      }
    } catch (InterruptedException interrupted) {
      backlog.fail(Interruption.kept());
    } catch (RuntimeException | Error unexpected) {
      backlog.fail(Status.INTERNAL.withCause(unexpected).asRuntimeException());
    } finally {
      backlog.failOutstanding();
      connection.forget(clientCloses);
      ended.countDown();
    }
  }

  /** Waits until another stream may be opened, or fails. */
  private void mend(PublishStream ended) throws InterruptedException {
    backlog.sendAgain(ended.error());
    if (ended.worked()) {
      waits.reset();
    }
    // Where all is answered, the next event finds out whether it goes on, and need not wait.
    if (backlog.failure() != null || backlog.last() == null) {
      return;
    }
    if (Resumption.isPromising(ended.error(), ended.worked())) {
      backlog.await(() -> false, waits.next(ErrorDetails.of(ended.error()).retryDelay()));
    } else {
      backlog.fail(ended.error());
    }
  }
}
