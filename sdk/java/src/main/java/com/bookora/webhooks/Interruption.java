package com.bookora.webhooks;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;

/** What a call says whose thread was interrupted: the same as grpc-java's blocking stubs. */
final class Interruption {
  private Interruption() {}

  /** The error to throw. The thread stays interrupted. */
  static StatusRuntimeException kept() {
    Thread.currentThread().interrupt();
    return Status.CANCELLED.withDescription("the thread was interrupted").asRuntimeException();
  }
}
