package com.bookora.webhooks;

import com.bookora.webhooks.v1.BatchPublishEventsRequest;
import com.bookora.webhooks.v1.BatchPublishEventsResponse;
import com.bookora.webhooks.v1.DeliveryQueryGrpc;
import com.bookora.webhooks.v1.EndpointAdminGrpc;
import com.bookora.webhooks.v1.EventIngestGrpc;
import com.bookora.webhooks.v1.PublishEventRequest;
import com.bookora.webhooks.v1.PublishEventResponse;
import com.bookora.webhooks.v1.PublishEventResult;
import com.bookora.webhooks.v1.WatchDeliveriesRequest;
import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;
import java.util.List;

/**
 * Calls the service over one connection, which connects anew by itself. One is enough for a
 * process; it may be used from any thread.
 *
 * <p>Every unary call has a deadline: its own ({@code stub.withDeadlineAfter}), its {@link
 * io.grpc.Context}'s, or 30 s (see {@link ClientBuilder#timeout}). What is UNAVAILABLE is tried
 * again within it, as the service's published config says: after the wait that the service asks
 * for, up to 4 attempts in all. Errors are grpc-java's {@link io.grpc.StatusRuntimeException};
 * {@link ErrorDetails} reads them.
 */
public final class Client implements AutoCloseable {
  /** The SDK's version; it is in the user agent. */
  public static final String VERSION = "0.1.0";

  private final Connection connection;

  Client(Connection connection) {
    this.connection = connection;
  }

  /**
   * Makes a client without further settings, as {@link #builder} does.
   *
   * @throws IllegalArgumentException for an address that cannot be used
   */
  public static Client connect(String address) {
    return builder(address).build();
  }

  /**
   * Begins a client of the service at an address: {@code https://host:port} or {@code host:port}
   * with TLS, or {@code http://host:port} in the clear; without a port 443 or 80.
   *
   * @throws IllegalArgumentException for an address that cannot be used
   */
  public static ClientBuilder builder(String address) {
    return new ClientBuilder(Address.read(address));
  }

  /**
   * Publishes one event. Where the request has no idempotency key it is sent with a random one, so
   * that the retries of this call make no second event. A key of one's own, which names what
   * happened, covers also a publisher that crashes and begins again.
   */
  public PublishEventResponse publish(PublishEventRequest request) {
    return eventIngest().publishEvent(IdempotencyKeys.keyed(request));
  }

  /**
   * Publishes 1-500 events in one transaction, with keys as {@link #publish} makes them. {@link
   * #resultOf} reads each of the results, which are in the order of the requests.
   */
  public BatchPublishEventsResponse publishBatch(List<PublishEventRequest> requests) {
    var batch = BatchPublishEventsRequest.newBuilder();
    requests.forEach(request -> batch.addRequests(IdempotencyKeys.keyed(request)));
    return eventIngest().batchPublishEvents(batch.build());
  }

  /**
   * What came of one request of a batch.
   *
   * @throws io.grpc.StatusRuntimeException where it was refused, as {@link #publish} would have
   *     thrown it
   */
  public static PublishEventResponse resultOf(PublishEventResult result) {
    return switch (result.getResultCase()) {
      case PUBLISHED -> result.getPublished();
      case ERROR -> throw StatusProto.toStatusRuntimeException(result.getError());
      case RESULT_NOT_SET ->
          throw Status.INTERNAL
              .withDescription("the service sent a result that is neither published nor an error")
              .asRuntimeException();
    };
  }

  /** Makes a publisher, as {@link #newPublisher(PublisherOptions)} does with the defaults. */
  public Publisher newPublisher() {
    return newPublisher(PublisherOptions.DEFAULT);
  }

  /** Makes a publisher of a stream of events; nothing is connected before its first event. */
  public Publisher newPublisher(PublisherOptions options) {
    return Publisher.start(connection, eventIngestAsync(), options);
  }

  /**
   * Begins to watch: the request says what, from which token, and whether with a snapshot. It ends
   * with {@link Watch#close}, or with the current {@link io.grpc.Context}, which should have no
   * deadline.
   */
  public Watch watch(WatchDeliveriesRequest request) {
    return new Watch(connection, request);
  }

  /**
   * The channel that every stub of this client uses: with its token, deadlines and retries. It is
   * for stubs of other kinds, such as Kotlin's.
   */
  public Channel channel() {
    return connection.channel;
  }

  /** The stub that publishes; its calls block. */
  public EventIngestGrpc.EventIngestBlockingStub eventIngest() {
    return EventIngestGrpc.newBlockingStub(channel());
  }

  /** The stub that publishes; its calls give futures. */
  public EventIngestGrpc.EventIngestFutureStub eventIngestFuture() {
    return EventIngestGrpc.newFutureStub(channel());
  }

  /** The stub that publishes; its calls have observers. */
  public EventIngestGrpc.EventIngestStub eventIngestAsync() {
    return EventIngestGrpc.newStub(channel());
  }

  /** The stub that manages endpoints, and sends again what did not arrive; its calls block. */
  public EndpointAdminGrpc.EndpointAdminBlockingStub endpointAdmin() {
    return EndpointAdminGrpc.newBlockingStub(channel());
  }

  /** The stub that manages endpoints; its calls give futures. */
  public EndpointAdminGrpc.EndpointAdminFutureStub endpointAdminFuture() {
    return EndpointAdminGrpc.newFutureStub(channel());
  }

  /** The stub that manages endpoints; its calls have observers. */
  public EndpointAdminGrpc.EndpointAdminStub endpointAdminAsync() {
    return EndpointAdminGrpc.newStub(channel());
  }

  /** The stub that tells what became of events and deliveries; its calls block. */
  public DeliveryQueryGrpc.DeliveryQueryBlockingStub deliveryQuery() {
    return DeliveryQueryGrpc.newBlockingStub(channel());
  }

  /** The stub that tells what became of events and deliveries; its calls give futures. */
  public DeliveryQueryGrpc.DeliveryQueryFutureStub deliveryQueryFuture() {
    return DeliveryQueryGrpc.newFutureStub(channel());
  }

  /** The stub that tells what became of events and deliveries; its calls have observers. */
  public DeliveryQueryGrpc.DeliveryQueryStub deliveryQueryAsync() {
    return DeliveryQueryGrpc.newStub(channel());
  }

  /** Ends the connection, and every call, watch and publisher over it. Close publishers before. */
  @Override
  public void close() {
    connection.close();
  }
}
