package com.bookora.webhooks;

import com.bookora.webhooks.v1.DeliveryQueryGrpc;
import com.bookora.webhooks.v1.WatchDeliveriesRequest;
import com.bookora.webhooks.v1.WatchDeliveriesResponse;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Follows deliveries over any number of streams: it opens another after every disconnect, where the
 * one before ended. It gives the messages that tell something: each update, once, and {@code
 * snapshot_complete} after a snapshot.
 *
 * <pre>{@code
 * try (var watch = client.watch(request)) {
 *   for (var message : watch) {
 *     System.out.println(message.getUpdate().getDelivery().getState());
 *   }
 * }
 * }</pre>
 *
 * <p>{@link #close} and {@link #resumeToken} may be called from any thread, the rest from one at a
 * time.
 */
public final class Watch
    implements Iterator<WatchDeliveriesResponse>, Iterable<WatchDeliveriesResponse>, AutoCloseable {
  private final Connection connection;
  private final WatchDeliveriesRequest request;
  private final Context.CancellableContext context = Context.current().withCancellation();
  private final Context.CancellationListener clientCloses =
      closing -> context.cancel(Connection.closed().asRuntimeException());

  /** Wakes whoever waits for the next try. */
  private final CountDownLatch cancelled = new CountDownLatch(1);

  private final Revisions seen = new Revisions(Revisions.DELIVERIES_MAX);
  private final Backoff waits = new Backoff();

  /** Null where none is open. */
  private Iterator<WatchDeliveriesResponse> stream;

  /** Whether a message has come over the stream. */
  private boolean worked;

  /** The message to hand out next; null where it is still to come. */
  private WatchDeliveriesResponse next;

  /** The token of the message that was handed out, and may not be dealt with yet. */
  private String handedOut = "";

  private boolean hasEnded;

  /** What ended the watch; null where it was closed. */
  private StatusRuntimeException error;

  private volatile boolean isClosed;

  /** The token of what was dealt with. */
  private volatile String token;

  Watch(Connection connection, WatchDeliveriesRequest request) {
    this.connection = connection;
    this.request = request;
    this.token = request.getResumeToken();
    context.addListener(ending -> cancelled.countDown(), Runnable::run);
    connection.whenClosed(clientCloses);
  }

  /** This watch: a loop that begins later goes on where one before has stopped. */
  @Override
  public Iterator<WatchDeliveriesResponse> iterator() {
    return this;
  }

  /**
   * Waits for the next message, and asks for it: that says that the one before was dealt with.
   * False after {@link #close}.
   *
   * @throws StatusRuntimeException what a new stream does not mend, such as a resume token that has
   *     expired; CANCELLED where the client was closed, or the thread was interrupted
   */
  @Override
  public boolean hasNext() {
    if (next != null) {
      return true;
    }
    count(handedOut);
    handedOut = "";
    while (!hasEnded) {
      var message = receive();
      if (message != null && tells(message)) {
        next = message;
        return true;
      }
      if (message != null) {
        // There is nothing to deal with: it counts at once.
        count(message.getResumeToken());
      }
    }
    if (error != null) {
      throw error;
    }
    return false;
  }

  /**
   * Waits for the next message as {@link #hasNext} does.
   *
   * @throws NoSuchElementException after {@link #close}
   */
  @Override
  public WatchDeliveriesResponse next() {
    if (!hasNext()) {
      throw new NoSuchElementException("the watch was closed");
    }
    var message = next;
    next = null;
    handedOut = message.getResumeToken();
    return message;
  }

  /**
   * The token of the last message that was dealt with: whose next one was asked for. Store it, and
   * give it to a later watch, which then goes on from there. Empty before there is one.
   */
  public String resumeToken() {
    return token;
  }

  /** Ends the watch at once, also while another thread waits for a message. */
  @Override
  public void close() {
    isClosed = true;
    release();
  }

  private void release() {
    connection.forget(clientCloses);
    context.cancel(null);
  }

  private void count(String token) {
    // A snapshot's messages have none: a watch that is cut there begins anew.
    if (!token.isEmpty()) {
      this.token = token;
    }
  }

  /** Null where the stream has ended: then another is to be opened, or the watch has ended. */
  private WatchDeliveriesResponse receive() {
    try {
      if (stream == null) {
        open();
      }
      if (stream.hasNext()) {
        worked = true;
        waits.reset();
        return stream.next();
      }
      mend(null);
    } catch (StatusRuntimeException ending) {
      mend(ending);
    }
    return null;
  }

  private void open() {
    worked = false;
    var query = DeliveryQueryGrpc.newBlockingStub(connection.channel);
    var before = context.attach();
    try {
      stream = query.watchDeliveries(request.toBuilder().setResumeToken(token).build());
    } finally {
      context.detach(before);
    }
  }

  /** Waits until a stream may be opened again, or keeps what ended the watch. */
  private void mend(StatusRuntimeException ending) {
    stream = null;
    var goesOn =
        !context.isCancelled()
            && !Thread.currentThread().isInterrupted()
            && Resumption.isPromising(ending, worked)
            && pause(waits.next(ErrorDetails.of(ending).retryDelay()));
    if (!goesOn) {
      hasEnded = true;
      error = isClosed ? null : whyEnded(ending);
      release();
    }
  }

  /** Says whether the watch goes on. */
  private boolean pause(Duration wait) {
    try {
      return !cancelled.await(TimeUnit.NANOSECONDS.convert(wait), TimeUnit.NANOSECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private StatusRuntimeException whyEnded(StatusRuntimeException ending) {
    if (context.isCancelled()) {
      return Contexts.statusFromCancelled(context).asRuntimeException();
    }
    return Thread.currentThread().isInterrupted() ? Interruption.kept() : ending;
  }

  private boolean tells(WatchDeliveriesResponse message) {
    return message.hasUpdate()
        ? seen.isNew(message.getUpdate().getDelivery())
        : message.hasSnapshotComplete();
  }
}
