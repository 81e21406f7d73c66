package com.bookora.webhooks;

import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Lets a channel that cannot connect try again as soon as watches and publishers do: grpc-java's
 * own waits grow to two minutes, and have no setting.
 */
final class Reconnection {
  private final ManagedChannel channel;
  private final ScheduledExecutorService timer;
  private final Backoff waits = new Backoff();

  /** Whether a try is planned. */
  private boolean isPlanned;

  Reconnection(ManagedChannel channel, ScheduledExecutorService timer) {
    this.channel = channel;
    this.timer = timer;
  }

  /** Follows the channel's state until it is shut down. */
  synchronized void follow() {
    var state = channel.getState(false);
    switch (state) {
      case SHUTDOWN -> {
        return;
      }
      case READY -> waits.reset();
      case TRANSIENT_FAILURE -> plan();
      default -> {}
    }
    channel.notifyWhenStateChanged(state, this::follow);
  }

  private void plan() {
    if (isPlanned) {
      return;
    }
    try {
      timer.schedule(this::connect, waits.next(Optional.empty()).toNanos(), TimeUnit.NANOSECONDS);
      isPlanned = true;
    } catch (RejectedExecutionException closed) {
      // There is nothing left to connect.
    }
  }

  private synchronized void connect() {
    isPlanned = false;
    if (channel.getState(false) == ConnectivityState.TRANSIENT_FAILURE) {
      channel.resetConnectBackoff();
      plan();
    }
  }
}
