package com.bookora.webhooks;

import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;

/** A channel, and what has to end with it. */
final class Connection {
  final ManagedChannel channel;
  private final Context.CancellableContext open = Context.ROOT.withCancellation();
  private final ScheduledExecutorService timer;

  Connection(ManagedChannel channel) {
    this.channel = channel;
    this.timer =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              var thread = new Thread(task, "bookora-webhooks-reconnection");
              thread.setDaemon(true);
              return thread;
            });
    new Reconnection(channel, timer).follow();
  }

  /** Calls the listener when the connection is closed; at once where it is. */
  void whenClosed(Context.CancellationListener listener) {
    open.addListener(listener, Runnable::run);
  }

  /** Forgets a listener that has ended before the connection. */
  void forget(Context.CancellationListener listener) {
    open.removeListener(listener);
  }

  /** What is told to whatever is still open. */
  static Status closed() {
    return Status.CANCELLED.withDescription("the client was closed");
  }

  void close() {
    open.cancel(closed().asRuntimeException());
    channel.shutdownNow();
    timer.shutdownNow();
  }
}
