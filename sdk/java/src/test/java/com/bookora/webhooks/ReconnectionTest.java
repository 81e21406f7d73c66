package com.bookora.webhooks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.bookora.webhooks.stage.Service;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ReconnectionTest {
  @Test
  void aChannelThatCannotConnectTriesAgainUntilItCan() throws Exception {
    var timer = Executors.newSingleThreadScheduledExecutor();
    try {
      var channel = new BrokenChannel();
      new Reconnection(channel, timer).follow();
      assertEquals(3, channel.tries.getCount(), "an idle channel is left alone");
      channel.become(ConnectivityState.TRANSIENT_FAILURE);
      assertTrue(channel.tries.await(Service.PATIENCE.toSeconds(), TimeUnit.SECONDS));
      channel.become(ConnectivityState.READY);
      channel.become(ConnectivityState.SHUTDOWN);
      assertEquals(null, channel.whenChanged, "a channel that is shut down is not followed");
    } finally {
      timer.shutdownNow();
    }
  }

  /** Says what it is told to. */
  private static final class BrokenChannel extends ManagedChannel {
    final CountDownLatch tries = new CountDownLatch(3);
    private volatile ConnectivityState state = ConnectivityState.IDLE;
    private volatile Runnable whenChanged;

    void become(ConnectivityState next) {
      state = next;
      var told = whenChanged;
      whenChanged = null;
      told.run();
    }

    @Override
    public ConnectivityState getState(boolean requestConnection) {
      return state;
    }

    @Override
    public void notifyWhenStateChanged(ConnectivityState source, Runnable callback) {
      whenChanged = callback;
    }

    @Override
    public void resetConnectBackoff() {
      tries.countDown();
    }

    @Override
    public ManagedChannel shutdown() {
      return this;
    }

    @Override
    public boolean isShutdown() {
      return false;
    }

    @Override
    public boolean isTerminated() {
      return false;
    }

    @Override
    public ManagedChannel shutdownNow() {
      return this;
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) {
      return true;
    }

    @Override
    public <Q, R> ClientCall<Q, R> newCall(MethodDescriptor<Q, R> method, CallOptions options) {
      throw new UnsupportedOperationException();
    }

    @Override
    public String authority() {
      return "nowhere";
    }
  }
}
