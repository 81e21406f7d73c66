package com.bookora.webhooks;

import com.bookora.webhooks.v1.Delivery;
import com.bookora.webhooks.v1.DeliveryQueryGrpc;
import com.bookora.webhooks.v1.DeliveryUpdate;
import com.bookora.webhooks.v1.EventIngestGrpc;
import com.bookora.webhooks.v1.PublishEventRequest;
import com.bookora.webhooks.v1.PublishEventResponse;
import com.bookora.webhooks.v1.PublishEventResult;
import com.bookora.webhooks.v1.StreamPublishEventsRequest;
import com.bookora.webhooks.v1.StreamPublishEventsResponse;
import com.bookora.webhooks.v1.WatchDeliveriesRequest;
import com.bookora.webhooks.v1.WatchDeliveriesResponse;
import com.google.protobuf.Any;
import com.google.protobuf.Duration;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.StreamObserver;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/** A service that fails as a test wants it; the real one cannot be made to. */
final class MoodyService implements AutoCloseable {
  /** What is not a failure, among failures. */
  static final StatusRuntimeException NONE = Status.OK.asRuntimeException();

  /** An account that nobody may publish for. */
  static final String DENIED = "acct_denied";

  final List<Metadata> headers = new CopyOnWriteArrayList<>();
  final List<String> keys = new CopyOnWriteArrayList<>();
  final List<Long> secondsLeft = new CopyOnWriteArrayList<>();
  final List<String> resumeTokens = new CopyOnWriteArrayList<>();
  private final Queue<StatusRuntimeException> failures;
  private final Server server;

  MoodyService(StatusRuntimeException... failures) throws Exception {
    this.failures = new ConcurrentLinkedQueue<>(Arrays.asList(failures));
    this.server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .addService(new Ingest())
            .addService(new Query())
            .intercept(new HeaderKeeper())
            .build()
            .start();
  }

  String address() {
    return "http://127.0.0.1:" + server.getPort();
  }

  @Override
  public void close() {
    server.shutdownNow();
  }

  /** An error of the service itself. */
  static StatusRuntimeException said(Status.Code code, String reason) {
    var info = ErrorInfo.newBuilder().setDomain("webhooks.bookora").setReason(reason).build();
    var delay = Duration.newBuilder().setNanos(1_000_000).build();
    return StatusProto.toStatusRuntimeException(
        com.google.rpc.Status.newBuilder()
            .setCode(code.value())
            .addDetails(Any.pack(info))
            .addDetails(Any.pack(RetryInfo.newBuilder().setRetryDelay(delay).build()))
            .build());
  }

  private <T> void end(StreamObserver<T> responses) {
    var failure = Optional.ofNullable(failures.poll()).orElse(NONE);
    if (failure == NONE) {
      responses.onCompleted();
    } else {
      responses.onError(failure);
    }
  }

  private final class Ingest extends EventIngestGrpc.EventIngestImplBase {
    @Override
    public void publishEvent(
        PublishEventRequest request, StreamObserver<PublishEventResponse> responses) {
      keys.add(request.getIdempotencyKey());
      secondsLeft.add(Context.current().getDeadline().timeRemaining(TimeUnit.SECONDS));
      if (failures.isEmpty()) {
        responses.onNext(PublishEventResponse.getDefaultInstance());
      }
      end(responses);
    }

    /** Answers the first request of a stream, and ends it; {@link #DENIED} without an answer. */
    @Override
    public StreamObserver<StreamPublishEventsRequest> streamPublishEvents(
        StreamObserver<StreamPublishEventsResponse> responses) {
      return new StreamObserver<>() {
        @Override
        public void onNext(StreamPublishEventsRequest message) {
          keys.add(message.getRequest().getIdempotencyKey());
          if (message.getRequest().getAccountId().equals(DENIED)) {
            responses.onError(said(Status.Code.PERMISSION_DENIED, "PERMISSION_DENIED"));
            return;
          }
          var published = PublishEventResponse.newBuilder().setEventId("evt_" + keys.size());
          var result = PublishEventResult.newBuilder().setPublished(published);
          responses.onNext(StreamPublishEventsResponse.newBuilder().setResult(result).build());
          end(responses);
        }

        @Override
        public void onError(Throwable cut) {}

        @Override
        public void onCompleted() {
          responses.onCompleted();
        }
      };
    }
  }

  private final class Query extends DeliveryQueryGrpc.DeliveryQueryImplBase {
    @Override
    public void watchDeliveries(
        WatchDeliveriesRequest request, StreamObserver<WatchDeliveriesResponse> responses) {
      resumeTokens.add(request.getResumeToken());
      var count = resumeTokens.size();
      // The one before comes again, as after a resume it may.
      for (var revision : List.of(count - 1, count)) {
        var delivery = Delivery.newBuilder().setDeliveryId("dlv_1").setRevision(revision);
        responses.onNext(
            WatchDeliveriesResponse.newBuilder()
                .setUpdate(DeliveryUpdate.newBuilder().setDelivery(delivery))
                .setResumeToken("after " + revision)
                .build());
      }
      end(responses);
    }
  }

  private final class HeaderKeeper implements ServerInterceptor {
    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, R> call, Metadata received, ServerCallHandler<Q, R> next) {
      headers.add(received);
      return next.startCall(call, received);
    }
  }
}
