package com.bookora.webhooks;

import com.bookora.webhooks.v1.EventIngestGrpc.EventIngestStub;
import com.bookora.webhooks.v1.StreamPublishEventsRequest;
import com.bookora.webhooks.v1.StreamPublishEventsResponse;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.time.Duration;

/** One stream of a publisher. Its callbacks take results, the publisher's own thread sends. */
final class PublishStream
    implements ClientResponseObserver<StreamPublishEventsRequest, StreamPublishEventsResponse> {
  /** For a service that has answered all to end the stream too; then it is cut. */
  private static final Duration CLOSE_WAIT = Duration.ofSeconds(5);

  private final Backlog backlog;
  private ClientCallStreamObserver<StreamPublishEventsRequest> requests;
  private volatile boolean worked;
  private volatile boolean hasEnded;

  /** What ended the stream; null for an end without an error. */
  private volatile StatusRuntimeException error;

  private PublishStream(Backlog backlog) {
    this.backlog = backlog;
  }

  /** Sends what is outstanding and what comes, until the stream or the publisher has ended. */
  static PublishStream run(EventIngestStub ingest, Backlog backlog) throws InterruptedException {
    var stream = new PublishStream(backlog);
    ingest.streamPublishEvents(stream);
    stream.send();
    return stream;
  }

  private void send() throws InterruptedException {
    while (!hasEnded && backlog.failure() == null && !backlog.isDone()) {
      sendUnsent();
      backlog.await(
          () -> hasEnded || backlog.isDone() || requests.isReady() && backlog.hasUnsent(),
          Backlog.FOREVER);
    }
    if (!hasEnded && backlog.isDone()) {
      requests.onCompleted();
      backlog.await(() -> hasEnded, CLOSE_WAIT);
    }
    if (!hasEnded) {
      requests.cancel("the publisher has left the stream", null);
    }
  }

  private void sendUnsent() {
    while (requests.isReady()) {
      var next = backlog.nextToSend();
      if (next == null) {
        return;
      }
      requests.onNext(StreamPublishEventsRequest.newBuilder().setRequest(next.request()).build());
    }
  }

  /** Whether a result has come over the stream. */
  boolean worked() {
    return worked;
  }

  /** What ended the stream; null for an end without an error. */
  StatusRuntimeException error() {
    return error;
  }

  @Override
  public void beforeStart(ClientCallStreamObserver<StreamPublishEventsRequest> requests) {
    this.requests = requests;
    requests.setOnReadyHandler(backlog::signal);
  }

  @Override
  public void onNext(StreamPublishEventsResponse response) {
    if (hasEnded) {
      // The next stream may have begun: it is not for what is sent over that.
      return;
    }
    if (backlog.settleFirst(response.getResult())) {
      worked = true;
      return;
    }
    leave(
        Status.FAILED_PRECONDITION
            .withDescription("the service sent a result that nothing waits for")
            .asRuntimeException());
  }

  @Override
  public void onError(Throwable cause) {
    leave(Status.fromThrowable(cause).asRuntimeException(Status.trailersFromThrowable(cause)));
  }

  @Override
  public void onCompleted() {
    leave(null);
  }

  private void leave(StatusRuntimeException why) {
    if (!hasEnded) {
      error = why;
      hasEnded = true;
      backlog.signal();
    }
  }
}
