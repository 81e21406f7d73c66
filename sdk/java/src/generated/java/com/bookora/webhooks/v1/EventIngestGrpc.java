package com.bookora.webhooks.v1;

import static io.grpc.MethodDescriptor.generateFullMethodName;

/**
 * <pre>
 * Publishes events.
 * A publish answers OK only after the event and one delivery for every
 * subscribed endpoint are on disk, in one transaction. From then on each
 * delivery ends SUCCEEDED, FAILED or CANCELLED, whatever happens to the
 * service in between.
 * Where the service asks for credentials, callers need the role `publisher`, for
 * every account that a request names; this is checked before anything else.
 * Errors of every RPC then: UNAUTHENTICATED (`CREDENTIALS_MISSING`,
 * `CREDENTIALS_INVALID`), PERMISSION_DENIED (`PERMISSION_DENIED`: the answer is
 * the same whether or not what is asked about exists).
 * Errors of every RPC here, beside its own: UNAVAILABLE (`OVERLOADED`,
 * `STORE_UNAVAILABLE`, `SERVER_DRAINING`: retry with the same idempotency
 * key), RESOURCE_EXHAUSTED (`STORE_FULL`), INTERNAL (`INTERNAL`).
 * buf:lint:ignore SERVICE_SUFFIX the name was given before this contract and its callers use it
 * </pre>
 */
@io.grpc.stub.annotations.GrpcGenerated
public final class EventIngestGrpc {

  private EventIngestGrpc() {}

  public static final java.lang.String SERVICE_NAME = "bookora.webhooks.v1.EventIngest";

  // Static method descriptors that strictly reflect the proto.
  private static volatile io.grpc.MethodDescriptor<com.bookora.webhooks.v1.PublishEventRequest,
      com.bookora.webhooks.v1.PublishEventResponse> getPublishEventMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "PublishEvent",
      requestType = com.bookora.webhooks.v1.PublishEventRequest.class,
      responseType = com.bookora.webhooks.v1.PublishEventResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.bookora.webhooks.v1.PublishEventRequest,
      com.bookora.webhooks.v1.PublishEventResponse> getPublishEventMethod() {
    io.grpc.MethodDescriptor<com.bookora.webhooks.v1.PublishEventRequest, com.bookora.webhooks.v1.PublishEventResponse> getPublishEventMethod;
    if ((getPublishEventMethod = EventIngestGrpc.getPublishEventMethod) == null) {
      synchronized (EventIngestGrpc.class) {
        if ((getPublishEventMethod = EventIngestGrpc.getPublishEventMethod) == null) {
          EventIngestGrpc.getPublishEventMethod = getPublishEventMethod =
              io.grpc.MethodDescriptor.<com.bookora.webhooks.v1.PublishEventRequest, com.bookora.webhooks.v1.PublishEventResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "PublishEvent"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.PublishEventRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.PublishEventResponse.getDefaultInstance()))
              .setSchemaDescriptor(new EventIngestMethodDescriptorSupplier("PublishEvent"))
              .build();
        }
      }
    }
    return getPublishEventMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.bookora.webhooks.v1.BatchPublishEventsRequest,
      com.bookora.webhooks.v1.BatchPublishEventsResponse> getBatchPublishEventsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "BatchPublishEvents",
      requestType = com.bookora.webhooks.v1.BatchPublishEventsRequest.class,
      responseType = com.bookora.webhooks.v1.BatchPublishEventsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.bookora.webhooks.v1.BatchPublishEventsRequest,
      com.bookora.webhooks.v1.BatchPublishEventsResponse> getBatchPublishEventsMethod() {
    io.grpc.MethodDescriptor<com.bookora.webhooks.v1.BatchPublishEventsRequest, com.bookora.webhooks.v1.BatchPublishEventsResponse> getBatchPublishEventsMethod;
    if ((getBatchPublishEventsMethod = EventIngestGrpc.getBatchPublishEventsMethod) == null) {
      synchronized (EventIngestGrpc.class) {
        if ((getBatchPublishEventsMethod = EventIngestGrpc.getBatchPublishEventsMethod) == null) {
          EventIngestGrpc.getBatchPublishEventsMethod = getBatchPublishEventsMethod =
              io.grpc.MethodDescriptor.<com.bookora.webhooks.v1.BatchPublishEventsRequest, com.bookora.webhooks.v1.BatchPublishEventsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "BatchPublishEvents"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.BatchPublishEventsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.BatchPublishEventsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new EventIngestMethodDescriptorSupplier("BatchPublishEvents"))
              .build();
        }
      }
    }
    return getBatchPublishEventsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.bookora.webhooks.v1.StreamPublishEventsRequest,
      com.bookora.webhooks.v1.StreamPublishEventsResponse> getStreamPublishEventsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "StreamPublishEvents",
      requestType = com.bookora.webhooks.v1.StreamPublishEventsRequest.class,
      responseType = com.bookora.webhooks.v1.StreamPublishEventsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.BIDI_STREAMING)
  public static io.grpc.MethodDescriptor<com.bookora.webhooks.v1.StreamPublishEventsRequest,
      com.bookora.webhooks.v1.StreamPublishEventsResponse> getStreamPublishEventsMethod() {
    io.grpc.MethodDescriptor<com.bookora.webhooks.v1.StreamPublishEventsRequest, com.bookora.webhooks.v1.StreamPublishEventsResponse> getStreamPublishEventsMethod;
    if ((getStreamPublishEventsMethod = EventIngestGrpc.getStreamPublishEventsMethod) == null) {
      synchronized (EventIngestGrpc.class) {
        if ((getStreamPublishEventsMethod = EventIngestGrpc.getStreamPublishEventsMethod) == null) {
          EventIngestGrpc.getStreamPublishEventsMethod = getStreamPublishEventsMethod =
              io.grpc.MethodDescriptor.<com.bookora.webhooks.v1.StreamPublishEventsRequest, com.bookora.webhooks.v1.StreamPublishEventsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.BIDI_STREAMING)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "StreamPublishEvents"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.StreamPublishEventsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.StreamPublishEventsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new EventIngestMethodDescriptorSupplier("StreamPublishEvents"))
              .build();
        }
      }
    }
    return getStreamPublishEventsMethod;
  }

  /**
   * Creates a new async stub that supports all call types for the service
   */
  public static EventIngestStub newStub(io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<EventIngestStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<EventIngestStub>() {
        @java.lang.Override
        public EventIngestStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new EventIngestStub(channel, callOptions);
        }
      };
    return EventIngestStub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports all types of calls on the service
   */
  public static EventIngestBlockingV2Stub newBlockingV2Stub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<EventIngestBlockingV2Stub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<EventIngestBlockingV2Stub>() {
        @java.lang.Override
        public EventIngestBlockingV2Stub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new EventIngestBlockingV2Stub(channel, callOptions);
        }
      };
    return EventIngestBlockingV2Stub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports unary and streaming output calls on the service
   */
  public static EventIngestBlockingStub newBlockingStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<EventIngestBlockingStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<EventIngestBlockingStub>() {
        @java.lang.Override
        public EventIngestBlockingStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new EventIngestBlockingStub(channel, callOptions);
        }
      };
    return EventIngestBlockingStub.newStub(factory, channel);
  }

  /**
   * Creates a new ListenableFuture-style stub that supports unary calls on the service
   */
  public static EventIngestFutureStub newFutureStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<EventIngestFutureStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<EventIngestFutureStub>() {
        @java.lang.Override
        public EventIngestFutureStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new EventIngestFutureStub(channel, callOptions);
        }
      };
    return EventIngestFutureStub.newStub(factory, channel);
  }

  /**
   * <pre>
   * Publishes events.
   * A publish answers OK only after the event and one delivery for every
   * subscribed endpoint are on disk, in one transaction. From then on each
   * delivery ends SUCCEEDED, FAILED or CANCELLED, whatever happens to the
   * service in between.
   * Where the service asks for credentials, callers need the role `publisher`, for
   * every account that a request names; this is checked before anything else.
   * Errors of every RPC then: UNAUTHENTICATED (`CREDENTIALS_MISSING`,
   * `CREDENTIALS_INVALID`), PERMISSION_DENIED (`PERMISSION_DENIED`: the answer is
   * the same whether or not what is asked about exists).
   * Errors of every RPC here, beside its own: UNAVAILABLE (`OVERLOADED`,
   * `STORE_UNAVAILABLE`, `SERVER_DRAINING`: retry with the same idempotency
   * key), RESOURCE_EXHAUSTED (`STORE_FULL`), INTERNAL (`INTERNAL`).
   * buf:lint:ignore SERVICE_SUFFIX the name was given before this contract and its callers use it
   * </pre>
   */
  public interface AsyncService {

    /**
     * <pre>
     * Publishes one event.
     * Retrying is safe with an idempotency key: the same key with the same
     * content answers OK with `duplicate` and the first event's id.
     * Errors: INVALID_ARGUMENT (`INVALID_FIELDS`, `UNKNOWN_EVENT_TYPE`),
     * ALREADY_EXISTS (`IDEMPOTENCY_KEY_REUSED`).
     * </pre>
     */
    default void publishEvent(com.bookora.webhooks.v1.PublishEventRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.PublishEventResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getPublishEventMethod(), responseObserver);
    }

    /**
     * <pre>
     * Publishes up to 500 events in one transaction: either all that are
     * accepted are stored, or none.
     * A bad field in any request refuses the whole batch and stores nothing. A
     * reused idempotency key is no bad field: it is the answer to that request
     * alone, in its `result.error`, and the others are published.
     * Errors: INVALID_ARGUMENT (`INVALID_FIELDS` with paths such as
     * `requests[3].booking_created.price`, `UNKNOWN_EVENT_TYPE`).
     * </pre>
     */
    default void batchPublishEvents(com.bookora.webhooks.v1.BatchPublishEventsRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.BatchPublishEventsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getBatchPublishEventsMethod(), responseObserver);
    }

    /**
     * <pre>
     * Publishes events one by one over one call, as they come, as fast as a
     * batch. Every request gets one result, in the order of the requests, after
     * its event is on disk; many share a commit.
     * Send without waiting for results, and read results while sending. At most
     * 256 requests are taken whose results were not read (fewer where they are
     * large); then the service reads on when results are read.
     * A request that is refused gets its `error` and nothing of it is stored; the
     * stream goes on. So it does where the store fails: each request that was in
     * the failed commit gets its `error`, and those behind it are tried. A
     * publisher sends what got UNAVAILABLE again, with the same idempotency key.
     * Events are stored in the order of their requests: an event is on disk no
     * sooner than those before it that are published at all. One that is sent
     * again after an `error` is stored behind those that followed it.
     * The stream ends with OK after the client has half-closed it and all results
     * are sent. When the stream ends otherwise, every request that was taken has
     * had its result where the client still reads; whether one without a result
     * was published is not known: send it again with the same idempotency key.
     * Errors that end the stream: UNAVAILABLE (`SERVER_DRAINING`, and
     * `STREAM_AGE_REACHED` after 30 minutes, a tenth more or less: open another
     * and go on), DEADLINE_EXCEEDED (`DEADLINE_EXCEEDED`) at the client's own
     * deadline. All others are in `result.error`: INVALID_ARGUMENT
     * (`INVALID_FIELDS` with paths such as `request.booking_created.price`,
     * `UNKNOWN_EVENT_TYPE`), ALREADY_EXISTS (`IDEMPOTENCY_KEY_REUSED`), and those
     * of every RPC here.
     * </pre>
     */
    default io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.StreamPublishEventsRequest> streamPublishEvents(
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.StreamPublishEventsResponse> responseObserver) {
      return io.grpc.stub.ServerCalls.asyncUnimplementedStreamingCall(getStreamPublishEventsMethod(), responseObserver);
    }
  }

  /**
   * Base class for the server implementation of the service EventIngest.
   * <pre>
   * Publishes events.
   * A publish answers OK only after the event and one delivery for every
   * subscribed endpoint are on disk, in one transaction. From then on each
   * delivery ends SUCCEEDED, FAILED or CANCELLED, whatever happens to the
   * service in between.
   * Where the service asks for credentials, callers need the role `publisher`, for
   * every account that a request names; this is checked before anything else.
   * Errors of every RPC then: UNAUTHENTICATED (`CREDENTIALS_MISSING`,
   * `CREDENTIALS_INVALID`), PERMISSION_DENIED (`PERMISSION_DENIED`: the answer is
   * the same whether or not what is asked about exists).
   * Errors of every RPC here, beside its own: UNAVAILABLE (`OVERLOADED`,
   * `STORE_UNAVAILABLE`, `SERVER_DRAINING`: retry with the same idempotency
   * key), RESOURCE_EXHAUSTED (`STORE_FULL`), INTERNAL (`INTERNAL`).
   * buf:lint:ignore SERVICE_SUFFIX the name was given before this contract and its callers use it
   * </pre>
   */
  public static abstract class EventIngestImplBase
      implements io.grpc.BindableService, AsyncService {

    @java.lang.Override public final io.grpc.ServerServiceDefinition bindService() {
      return EventIngestGrpc.bindService(this);
    }
  }

  /**
   * A stub to allow clients to do asynchronous rpc calls to service EventIngest.
   * <pre>
   * Publishes events.
   * A publish answers OK only after the event and one delivery for every
   * subscribed endpoint are on disk, in one transaction. From then on each
   * delivery ends SUCCEEDED, FAILED or CANCELLED, whatever happens to the
   * service in between.
   * Where the service asks for credentials, callers need the role `publisher`, for
   * every account that a request names; this is checked before anything else.
   * Errors of every RPC then: UNAUTHENTICATED (`CREDENTIALS_MISSING`,
   * `CREDENTIALS_INVALID`), PERMISSION_DENIED (`PERMISSION_DENIED`: the answer is
   * the same whether or not what is asked about exists).
   * Errors of every RPC here, beside its own: UNAVAILABLE (`OVERLOADED`,
   * `STORE_UNAVAILABLE`, `SERVER_DRAINING`: retry with the same idempotency
   * key), RESOURCE_EXHAUSTED (`STORE_FULL`), INTERNAL (`INTERNAL`).
   * buf:lint:ignore SERVICE_SUFFIX the name was given before this contract and its callers use it
   * </pre>
   */
  public static final class EventIngestStub
      extends io.grpc.stub.AbstractAsyncStub<EventIngestStub> {
    private EventIngestStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected EventIngestStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new EventIngestStub(channel, callOptions);
    }

    /**
     * <pre>
     * Publishes one event.
     * Retrying is safe with an idempotency key: the same key with the same
     * content answers OK with `duplicate` and the first event's id.
     * Errors: INVALID_ARGUMENT (`INVALID_FIELDS`, `UNKNOWN_EVENT_TYPE`),
     * ALREADY_EXISTS (`IDEMPOTENCY_KEY_REUSED`).
     * </pre>
     */
    public void publishEvent(com.bookora.webhooks.v1.PublishEventRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.PublishEventResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getPublishEventMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Publishes up to 500 events in one transaction: either all that are
     * accepted are stored, or none.
     * A bad field in any request refuses the whole batch and stores nothing. A
     * reused idempotency key is no bad field: it is the answer to that request
     * alone, in its `result.error`, and the others are published.
     * Errors: INVALID_ARGUMENT (`INVALID_FIELDS` with paths such as
     * `requests[3].booking_created.price`, `UNKNOWN_EVENT_TYPE`).
     * </pre>
     */
    public void batchPublishEvents(com.bookora.webhooks.v1.BatchPublishEventsRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.BatchPublishEventsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getBatchPublishEventsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Publishes events one by one over one call, as they come, as fast as a
     * batch. Every request gets one result, in the order of the requests, after
     * its event is on disk; many share a commit.
     * Send without waiting for results, and read results while sending. At most
     * 256 requests are taken whose results were not read (fewer where they are
     * large); then the service reads on when results are read.
     * A request that is refused gets its `error` and nothing of it is stored; the
     * stream goes on. So it does where the store fails: each request that was in
     * the failed commit gets its `error`, and those behind it are tried. A
     * publisher sends what got UNAVAILABLE again, with the same idempotency key.
     * Events are stored in the order of their requests: an event is on disk no
     * sooner than those before it that are published at all. One that is sent
     * again after an `error` is stored behind those that followed it.
     * The stream ends with OK after the client has half-closed it and all results
     * are sent. When the stream ends otherwise, every request that was taken has
     * had its result where the client still reads; whether one without a result
     * was published is not known: send it again with the same idempotency key.
     * Errors that end the stream: UNAVAILABLE (`SERVER_DRAINING`, and
     * `STREAM_AGE_REACHED` after 30 minutes, a tenth more or less: open another
     * and go on), DEADLINE_EXCEEDED (`DEADLINE_EXCEEDED`) at the client's own
     * deadline. All others are in `result.error`: INVALID_ARGUMENT
     * (`INVALID_FIELDS` with paths such as `request.booking_created.price`,
     * `UNKNOWN_EVENT_TYPE`), ALREADY_EXISTS (`IDEMPOTENCY_KEY_REUSED`), and those
     * of every RPC here.
     * </pre>
     */
    public io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.StreamPublishEventsRequest> streamPublishEvents(
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.StreamPublishEventsResponse> responseObserver) {
      return io.grpc.stub.ClientCalls.asyncBidiStreamingCall(
          getChannel().newCall(getStreamPublishEventsMethod(), getCallOptions()), responseObserver);
    }
  }

  /**
   * A stub to allow clients to do synchronous rpc calls to service EventIngest.
   * <pre>
   * Publishes events.
   * A publish answers OK only after the event and one delivery for every
   * subscribed endpoint are on disk, in one transaction. From then on each
   * delivery ends SUCCEEDED, FAILED or CANCELLED, whatever happens to the
   * service in between.
   * Where the service asks for credentials, callers need the role `publisher`, for
   * every account that a request names; this is checked before anything else.
   * Errors of every RPC then: UNAUTHENTICATED (`CREDENTIALS_MISSING`,
   * `CREDENTIALS_INVALID`), PERMISSION_DENIED (`PERMISSION_DENIED`: the answer is
   * the same whether or not what is asked about exists).
   * Errors of every RPC here, beside its own: UNAVAILABLE (`OVERLOADED`,
   * `STORE_UNAVAILABLE`, `SERVER_DRAINING`: retry with the same idempotency
   * key), RESOURCE_EXHAUSTED (`STORE_FULL`), INTERNAL (`INTERNAL`).
   * buf:lint:ignore SERVICE_SUFFIX the name was given before this contract and its callers use it
   * </pre>
   */
  public static final class EventIngestBlockingV2Stub
      extends io.grpc.stub.AbstractBlockingStub<EventIngestBlockingV2Stub> {
    private EventIngestBlockingV2Stub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected EventIngestBlockingV2Stub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new EventIngestBlockingV2Stub(channel, callOptions);
    }

    /**
     * <pre>
     * Publishes one event.
     * Retrying is safe with an idempotency key: the same key with the same
     * content answers OK with `duplicate` and the first event's id.
     * Errors: INVALID_ARGUMENT (`INVALID_FIELDS`, `UNKNOWN_EVENT_TYPE`),
     * ALREADY_EXISTS (`IDEMPOTENCY_KEY_REUSED`).
     * </pre>
     */
    public com.bookora.webhooks.v1.PublishEventResponse publishEvent(com.bookora.webhooks.v1.PublishEventRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getPublishEventMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Publishes up to 500 events in one transaction: either all that are
     * accepted are stored, or none.
     * A bad field in any request refuses the whole batch and stores nothing. A
     * reused idempotency key is no bad field: it is the answer to that request
     * alone, in its `result.error`, and the others are published.
     * Errors: INVALID_ARGUMENT (`INVALID_FIELDS` with paths such as
     * `requests[3].booking_created.price`, `UNKNOWN_EVENT_TYPE`).
     * </pre>
     */
    public com.bookora.webhooks.v1.BatchPublishEventsResponse batchPublishEvents(com.bookora.webhooks.v1.BatchPublishEventsRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getBatchPublishEventsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Publishes events one by one over one call, as they come, as fast as a
     * batch. Every request gets one result, in the order of the requests, after
     * its event is on disk; many share a commit.
     * Send without waiting for results, and read results while sending. At most
     * 256 requests are taken whose results were not read (fewer where they are
     * large); then the service reads on when results are read.
     * A request that is refused gets its `error` and nothing of it is stored; the
     * stream goes on. So it does where the store fails: each request that was in
     * the failed commit gets its `error`, and those behind it are tried. A
     * publisher sends what got UNAVAILABLE again, with the same idempotency key.
     * Events are stored in the order of their requests: an event is on disk no
     * sooner than those before it that are published at all. One that is sent
     * again after an `error` is stored behind those that followed it.
     * The stream ends with OK after the client has half-closed it and all results
     * are sent. When the stream ends otherwise, every request that was taken has
     * had its result where the client still reads; whether one without a result
     * was published is not known: send it again with the same idempotency key.
     * Errors that end the stream: UNAVAILABLE (`SERVER_DRAINING`, and
     * `STREAM_AGE_REACHED` after 30 minutes, a tenth more or less: open another
     * and go on), DEADLINE_EXCEEDED (`DEADLINE_EXCEEDED`) at the client's own
     * deadline. All others are in `result.error`: INVALID_ARGUMENT
     * (`INVALID_FIELDS` with paths such as `request.booking_created.price`,
     * `UNKNOWN_EVENT_TYPE`), ALREADY_EXISTS (`IDEMPOTENCY_KEY_REUSED`), and those
     * of every RPC here.
     * </pre>
     */
    @io.grpc.ExperimentalApi("https://github.com/grpc/grpc-java/issues/10918")
    public io.grpc.stub.BlockingClientCall<com.bookora.webhooks.v1.StreamPublishEventsRequest, com.bookora.webhooks.v1.StreamPublishEventsResponse>
        streamPublishEvents() {
      return io.grpc.stub.ClientCalls.blockingBidiStreamingCall(
          getChannel(), getStreamPublishEventsMethod(), getCallOptions());
    }
  }

  /**
   * A stub to allow clients to do limited synchronous rpc calls to service EventIngest.
   * <pre>
   * Publishes events.
   * A publish answers OK only after the event and one delivery for every
   * subscribed endpoint are on disk, in one transaction. From then on each
   * delivery ends SUCCEEDED, FAILED or CANCELLED, whatever happens to the
   * service in between.
   * Where the service asks for credentials, callers need the role `publisher`, for
   * every account that a request names; this is checked before anything else.
   * Errors of every RPC then: UNAUTHENTICATED (`CREDENTIALS_MISSING`,
   * `CREDENTIALS_INVALID`), PERMISSION_DENIED (`PERMISSION_DENIED`: the answer is
   * the same whether or not what is asked about exists).
   * Errors of every RPC here, beside its own: UNAVAILABLE (`OVERLOADED`,
   * `STORE_UNAVAILABLE`, `SERVER_DRAINING`: retry with the same idempotency
   * key), RESOURCE_EXHAUSTED (`STORE_FULL`), INTERNAL (`INTERNAL`).
   * buf:lint:ignore SERVICE_SUFFIX the name was given before this contract and its callers use it
   * </pre>
   */
  public static final class EventIngestBlockingStub
      extends io.grpc.stub.AbstractBlockingStub<EventIngestBlockingStub> {
    private EventIngestBlockingStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected EventIngestBlockingStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new EventIngestBlockingStub(channel, callOptions);
    }

    /**
     * <pre>
     * Publishes one event.
     * Retrying is safe with an idempotency key: the same key with the same
     * content answers OK with `duplicate` and the first event's id.
     * Errors: INVALID_ARGUMENT (`INVALID_FIELDS`, `UNKNOWN_EVENT_TYPE`),
     * ALREADY_EXISTS (`IDEMPOTENCY_KEY_REUSED`).
     * </pre>
     */
    public com.bookora.webhooks.v1.PublishEventResponse publishEvent(com.bookora.webhooks.v1.PublishEventRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getPublishEventMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Publishes up to 500 events in one transaction: either all that are
     * accepted are stored, or none.
     * A bad field in any request refuses the whole batch and stores nothing. A
     * reused idempotency key is no bad field: it is the answer to that request
     * alone, in its `result.error`, and the others are published.
     * Errors: INVALID_ARGUMENT (`INVALID_FIELDS` with paths such as
     * `requests[3].booking_created.price`, `UNKNOWN_EVENT_TYPE`).
     * </pre>
     */
    public com.bookora.webhooks.v1.BatchPublishEventsResponse batchPublishEvents(com.bookora.webhooks.v1.BatchPublishEventsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getBatchPublishEventsMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do ListenableFuture-style rpc calls to service EventIngest.
   * <pre>
   * Publishes events.
   * A publish answers OK only after the event and one delivery for every
   * subscribed endpoint are on disk, in one transaction. From then on each
   * delivery ends SUCCEEDED, FAILED or CANCELLED, whatever happens to the
   * service in between.
   * Where the service asks for credentials, callers need the role `publisher`, for
   * every account that a request names; this is checked before anything else.
   * Errors of every RPC then: UNAUTHENTICATED (`CREDENTIALS_MISSING`,
   * `CREDENTIALS_INVALID`), PERMISSION_DENIED (`PERMISSION_DENIED`: the answer is
   * the same whether or not what is asked about exists).
   * Errors of every RPC here, beside its own: UNAVAILABLE (`OVERLOADED`,
   * `STORE_UNAVAILABLE`, `SERVER_DRAINING`: retry with the same idempotency
   * key), RESOURCE_EXHAUSTED (`STORE_FULL`), INTERNAL (`INTERNAL`).
   * buf:lint:ignore SERVICE_SUFFIX the name was given before this contract and its callers use it
   * </pre>
   */
  public static final class EventIngestFutureStub
      extends io.grpc.stub.AbstractFutureStub<EventIngestFutureStub> {
    private EventIngestFutureStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected EventIngestFutureStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new EventIngestFutureStub(channel, callOptions);
    }

    /**
     * <pre>
     * Publishes one event.
     * Retrying is safe with an idempotency key: the same key with the same
     * content answers OK with `duplicate` and the first event's id.
     * Errors: INVALID_ARGUMENT (`INVALID_FIELDS`, `UNKNOWN_EVENT_TYPE`),
     * ALREADY_EXISTS (`IDEMPOTENCY_KEY_REUSED`).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.bookora.webhooks.v1.PublishEventResponse> publishEvent(
        com.bookora.webhooks.v1.PublishEventRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getPublishEventMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Publishes up to 500 events in one transaction: either all that are
     * accepted are stored, or none.
     * A bad field in any request refuses the whole batch and stores nothing. A
     * reused idempotency key is no bad field: it is the answer to that request
     * alone, in its `result.error`, and the others are published.
     * Errors: INVALID_ARGUMENT (`INVALID_FIELDS` with paths such as
     * `requests[3].booking_created.price`, `UNKNOWN_EVENT_TYPE`).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.bookora.webhooks.v1.BatchPublishEventsResponse> batchPublishEvents(
        com.bookora.webhooks.v1.BatchPublishEventsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getBatchPublishEventsMethod(), getCallOptions()), request);
    }
  }

  private static final int METHODID_PUBLISH_EVENT = 0;
  private static final int METHODID_BATCH_PUBLISH_EVENTS = 1;
  private static final int METHODID_STREAM_PUBLISH_EVENTS = 2;

  private static final class MethodHandlers<Req, Resp> implements
      io.grpc.stub.ServerCalls.UnaryMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.ServerStreamingMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.ClientStreamingMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.BidiStreamingMethod<Req, Resp> {
    private final AsyncService serviceImpl;
    private final int methodId;

    MethodHandlers(AsyncService serviceImpl, int methodId) {
      this.serviceImpl = serviceImpl;
      this.methodId = methodId;
    }

    @java.lang.Override
    @java.lang.SuppressWarnings("unchecked")
    public void invoke(Req request, io.grpc.stub.StreamObserver<Resp> responseObserver) {
      switch (methodId) {
        case METHODID_PUBLISH_EVENT:
          serviceImpl.publishEvent((com.bookora.webhooks.v1.PublishEventRequest) request,
              (io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.PublishEventResponse>) responseObserver);
          break;
        case METHODID_BATCH_PUBLISH_EVENTS:
          serviceImpl.batchPublishEvents((com.bookora.webhooks.v1.BatchPublishEventsRequest) request,
              (io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.BatchPublishEventsResponse>) responseObserver);
          break;
        default:
          throw new AssertionError();
      }
    }

    @java.lang.Override
    @java.lang.SuppressWarnings("unchecked")
    public io.grpc.stub.StreamObserver<Req> invoke(
        io.grpc.stub.StreamObserver<Resp> responseObserver) {
      switch (methodId) {
        case METHODID_STREAM_PUBLISH_EVENTS:
          return (io.grpc.stub.StreamObserver<Req>) serviceImpl.streamPublishEvents(
              (io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.StreamPublishEventsResponse>) responseObserver);
        default:
          throw new AssertionError();
      }
    }
  }

  public static final io.grpc.ServerServiceDefinition bindService(AsyncService service) {
    return io.grpc.ServerServiceDefinition.builder(getServiceDescriptor())
        .addMethod(
          getPublishEventMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.bookora.webhooks.v1.PublishEventRequest,
              com.bookora.webhooks.v1.PublishEventResponse>(
                service, METHODID_PUBLISH_EVENT)))
        .addMethod(
          getBatchPublishEventsMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.bookora.webhooks.v1.BatchPublishEventsRequest,
              com.bookora.webhooks.v1.BatchPublishEventsResponse>(
                service, METHODID_BATCH_PUBLISH_EVENTS)))
        .addMethod(
          getStreamPublishEventsMethod(),
          io.grpc.stub.ServerCalls.asyncBidiStreamingCall(
            new MethodHandlers<
              com.bookora.webhooks.v1.StreamPublishEventsRequest,
              com.bookora.webhooks.v1.StreamPublishEventsResponse>(
                service, METHODID_STREAM_PUBLISH_EVENTS)))
        .build();
  }

  private static abstract class EventIngestBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoFileDescriptorSupplier, io.grpc.protobuf.ProtoServiceDescriptorSupplier {
    EventIngestBaseDescriptorSupplier() {}

    @java.lang.Override
    public com.google.protobuf.Descriptors.FileDescriptor getFileDescriptor() {
      return com.bookora.webhooks.v1.EventIngestProto.getDescriptor();
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.ServiceDescriptor getServiceDescriptor() {
      return getFileDescriptor().findServiceByName("EventIngest");
    }
  }

  private static final class EventIngestFileDescriptorSupplier
      extends EventIngestBaseDescriptorSupplier {
    EventIngestFileDescriptorSupplier() {}
  }

  private static final class EventIngestMethodDescriptorSupplier
      extends EventIngestBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoMethodDescriptorSupplier {
    private final java.lang.String methodName;

    EventIngestMethodDescriptorSupplier(java.lang.String methodName) {
      this.methodName = methodName;
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.MethodDescriptor getMethodDescriptor() {
      return getServiceDescriptor().findMethodByName(methodName);
    }
  }

  private static volatile io.grpc.ServiceDescriptor serviceDescriptor;

  public static io.grpc.ServiceDescriptor getServiceDescriptor() {
    io.grpc.ServiceDescriptor result = serviceDescriptor;
    if (result == null) {
      synchronized (EventIngestGrpc.class) {
        result = serviceDescriptor;
        if (result == null) {
          serviceDescriptor = result = io.grpc.ServiceDescriptor.newBuilder(SERVICE_NAME)
              .setSchemaDescriptor(new EventIngestFileDescriptorSupplier())
              .addMethod(getPublishEventMethod())
              .addMethod(getBatchPublishEventsMethod())
              .addMethod(getStreamPublishEventsMethod())
              .build();
        }
      }
    }
    return result;
  }
}
