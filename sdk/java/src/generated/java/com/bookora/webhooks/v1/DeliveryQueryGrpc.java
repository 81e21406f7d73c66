package com.bookora.webhooks.v1;

import static io.grpc.MethodDescriptor.generateFullMethodName;

/**
 * <pre>
 * Tells what became of events and deliveries. Reads only.
 * Deliveries that are closed are kept, with their attempts, for a time after
 * their last change, by default 30 days; events as long as they have a
 * delivery, or as long from their publish. Afterwards they are NOT_FOUND.
 * Where the service asks for credentials, callers need the role `viewer`, for
 * every account that a request names; `-` is for those whose credentials are
 * good for all accounts. This is checked before anything else.
 * Errors of every RPC then: UNAUTHENTICATED (`CREDENTIALS_MISSING`,
 * `CREDENTIALS_INVALID`), PERMISSION_DENIED (`PERMISSION_DENIED`: the answer is
 * the same whether or not what is asked about exists).
 * A page of a listing holds at most about 3 MiB, so that clients with the
 * usual limit of 4 MiB take it: it may end before `page_size`, with a
 * `next_page_token`.
 * Errors of every RPC here, beside its own: INVALID_ARGUMENT
 * (`INVALID_FIELDS`), UNAVAILABLE (`OVERLOADED`, `STORE_UNAVAILABLE`,
 * `SERVER_DRAINING`), INTERNAL (`INTERNAL`).
 * buf:lint:ignore SERVICE_SUFFIX the name was given before this contract and its callers use it
 * </pre>
 */
@io.grpc.stub.annotations.GrpcGenerated
public final class DeliveryQueryGrpc {

  private DeliveryQueryGrpc() {}

  public static final java.lang.String SERVICE_NAME = "bookora.webhooks.v1.DeliveryQuery";

  // Static method descriptors that strictly reflect the proto.
  private static volatile io.grpc.MethodDescriptor<com.bookora.webhooks.v1.GetEventRequest,
      com.bookora.webhooks.v1.GetEventResponse> getGetEventMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetEvent",
      requestType = com.bookora.webhooks.v1.GetEventRequest.class,
      responseType = com.bookora.webhooks.v1.GetEventResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.bookora.webhooks.v1.GetEventRequest,
      com.bookora.webhooks.v1.GetEventResponse> getGetEventMethod() {
    io.grpc.MethodDescriptor<com.bookora.webhooks.v1.GetEventRequest, com.bookora.webhooks.v1.GetEventResponse> getGetEventMethod;
    if ((getGetEventMethod = DeliveryQueryGrpc.getGetEventMethod) == null) {
      synchronized (DeliveryQueryGrpc.class) {
        if ((getGetEventMethod = DeliveryQueryGrpc.getGetEventMethod) == null) {
          DeliveryQueryGrpc.getGetEventMethod = getGetEventMethod =
              io.grpc.MethodDescriptor.<com.bookora.webhooks.v1.GetEventRequest, com.bookora.webhooks.v1.GetEventResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetEvent"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.GetEventRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.GetEventResponse.getDefaultInstance()))
              .setSchemaDescriptor(new DeliveryQueryMethodDescriptorSupplier("GetEvent"))
              .build();
        }
      }
    }
    return getGetEventMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.bookora.webhooks.v1.ListEventsRequest,
      com.bookora.webhooks.v1.ListEventsResponse> getListEventsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListEvents",
      requestType = com.bookora.webhooks.v1.ListEventsRequest.class,
      responseType = com.bookora.webhooks.v1.ListEventsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.bookora.webhooks.v1.ListEventsRequest,
      com.bookora.webhooks.v1.ListEventsResponse> getListEventsMethod() {
    io.grpc.MethodDescriptor<com.bookora.webhooks.v1.ListEventsRequest, com.bookora.webhooks.v1.ListEventsResponse> getListEventsMethod;
    if ((getListEventsMethod = DeliveryQueryGrpc.getListEventsMethod) == null) {
      synchronized (DeliveryQueryGrpc.class) {
        if ((getListEventsMethod = DeliveryQueryGrpc.getListEventsMethod) == null) {
          DeliveryQueryGrpc.getListEventsMethod = getListEventsMethod =
              io.grpc.MethodDescriptor.<com.bookora.webhooks.v1.ListEventsRequest, com.bookora.webhooks.v1.ListEventsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListEvents"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.ListEventsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.ListEventsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new DeliveryQueryMethodDescriptorSupplier("ListEvents"))
              .build();
        }
      }
    }
    return getListEventsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.bookora.webhooks.v1.GetDeliveryRequest,
      com.bookora.webhooks.v1.GetDeliveryResponse> getGetDeliveryMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetDelivery",
      requestType = com.bookora.webhooks.v1.GetDeliveryRequest.class,
      responseType = com.bookora.webhooks.v1.GetDeliveryResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.bookora.webhooks.v1.GetDeliveryRequest,
      com.bookora.webhooks.v1.GetDeliveryResponse> getGetDeliveryMethod() {
    io.grpc.MethodDescriptor<com.bookora.webhooks.v1.GetDeliveryRequest, com.bookora.webhooks.v1.GetDeliveryResponse> getGetDeliveryMethod;
    if ((getGetDeliveryMethod = DeliveryQueryGrpc.getGetDeliveryMethod) == null) {
      synchronized (DeliveryQueryGrpc.class) {
        if ((getGetDeliveryMethod = DeliveryQueryGrpc.getGetDeliveryMethod) == null) {
          DeliveryQueryGrpc.getGetDeliveryMethod = getGetDeliveryMethod =
              io.grpc.MethodDescriptor.<com.bookora.webhooks.v1.GetDeliveryRequest, com.bookora.webhooks.v1.GetDeliveryResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetDelivery"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.GetDeliveryRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.GetDeliveryResponse.getDefaultInstance()))
              .setSchemaDescriptor(new DeliveryQueryMethodDescriptorSupplier("GetDelivery"))
              .build();
        }
      }
    }
    return getGetDeliveryMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.bookora.webhooks.v1.ListDeliveriesRequest,
      com.bookora.webhooks.v1.ListDeliveriesResponse> getListDeliveriesMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListDeliveries",
      requestType = com.bookora.webhooks.v1.ListDeliveriesRequest.class,
      responseType = com.bookora.webhooks.v1.ListDeliveriesResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.bookora.webhooks.v1.ListDeliveriesRequest,
      com.bookora.webhooks.v1.ListDeliveriesResponse> getListDeliveriesMethod() {
    io.grpc.MethodDescriptor<com.bookora.webhooks.v1.ListDeliveriesRequest, com.bookora.webhooks.v1.ListDeliveriesResponse> getListDeliveriesMethod;
    if ((getListDeliveriesMethod = DeliveryQueryGrpc.getListDeliveriesMethod) == null) {
      synchronized (DeliveryQueryGrpc.class) {
        if ((getListDeliveriesMethod = DeliveryQueryGrpc.getListDeliveriesMethod) == null) {
          DeliveryQueryGrpc.getListDeliveriesMethod = getListDeliveriesMethod =
              io.grpc.MethodDescriptor.<com.bookora.webhooks.v1.ListDeliveriesRequest, com.bookora.webhooks.v1.ListDeliveriesResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListDeliveries"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.ListDeliveriesRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.ListDeliveriesResponse.getDefaultInstance()))
              .setSchemaDescriptor(new DeliveryQueryMethodDescriptorSupplier("ListDeliveries"))
              .build();
        }
      }
    }
    return getListDeliveriesMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.bookora.webhooks.v1.ListAttemptsRequest,
      com.bookora.webhooks.v1.ListAttemptsResponse> getListAttemptsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListAttempts",
      requestType = com.bookora.webhooks.v1.ListAttemptsRequest.class,
      responseType = com.bookora.webhooks.v1.ListAttemptsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.bookora.webhooks.v1.ListAttemptsRequest,
      com.bookora.webhooks.v1.ListAttemptsResponse> getListAttemptsMethod() {
    io.grpc.MethodDescriptor<com.bookora.webhooks.v1.ListAttemptsRequest, com.bookora.webhooks.v1.ListAttemptsResponse> getListAttemptsMethod;
    if ((getListAttemptsMethod = DeliveryQueryGrpc.getListAttemptsMethod) == null) {
      synchronized (DeliveryQueryGrpc.class) {
        if ((getListAttemptsMethod = DeliveryQueryGrpc.getListAttemptsMethod) == null) {
          DeliveryQueryGrpc.getListAttemptsMethod = getListAttemptsMethod =
              io.grpc.MethodDescriptor.<com.bookora.webhooks.v1.ListAttemptsRequest, com.bookora.webhooks.v1.ListAttemptsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListAttempts"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.ListAttemptsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.ListAttemptsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new DeliveryQueryMethodDescriptorSupplier("ListAttempts"))
              .build();
        }
      }
    }
    return getListAttemptsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.bookora.webhooks.v1.GetDeliveryStatsRequest,
      com.bookora.webhooks.v1.GetDeliveryStatsResponse> getGetDeliveryStatsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetDeliveryStats",
      requestType = com.bookora.webhooks.v1.GetDeliveryStatsRequest.class,
      responseType = com.bookora.webhooks.v1.GetDeliveryStatsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.bookora.webhooks.v1.GetDeliveryStatsRequest,
      com.bookora.webhooks.v1.GetDeliveryStatsResponse> getGetDeliveryStatsMethod() {
    io.grpc.MethodDescriptor<com.bookora.webhooks.v1.GetDeliveryStatsRequest, com.bookora.webhooks.v1.GetDeliveryStatsResponse> getGetDeliveryStatsMethod;
    if ((getGetDeliveryStatsMethod = DeliveryQueryGrpc.getGetDeliveryStatsMethod) == null) {
      synchronized (DeliveryQueryGrpc.class) {
        if ((getGetDeliveryStatsMethod = DeliveryQueryGrpc.getGetDeliveryStatsMethod) == null) {
          DeliveryQueryGrpc.getGetDeliveryStatsMethod = getGetDeliveryStatsMethod =
              io.grpc.MethodDescriptor.<com.bookora.webhooks.v1.GetDeliveryStatsRequest, com.bookora.webhooks.v1.GetDeliveryStatsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetDeliveryStats"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.GetDeliveryStatsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.GetDeliveryStatsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new DeliveryQueryMethodDescriptorSupplier("GetDeliveryStats"))
              .build();
        }
      }
    }
    return getGetDeliveryStatsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.bookora.webhooks.v1.WatchDeliveriesRequest,
      com.bookora.webhooks.v1.WatchDeliveriesResponse> getWatchDeliveriesMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "WatchDeliveries",
      requestType = com.bookora.webhooks.v1.WatchDeliveriesRequest.class,
      responseType = com.bookora.webhooks.v1.WatchDeliveriesResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
  public static io.grpc.MethodDescriptor<com.bookora.webhooks.v1.WatchDeliveriesRequest,
      com.bookora.webhooks.v1.WatchDeliveriesResponse> getWatchDeliveriesMethod() {
    io.grpc.MethodDescriptor<com.bookora.webhooks.v1.WatchDeliveriesRequest, com.bookora.webhooks.v1.WatchDeliveriesResponse> getWatchDeliveriesMethod;
    if ((getWatchDeliveriesMethod = DeliveryQueryGrpc.getWatchDeliveriesMethod) == null) {
      synchronized (DeliveryQueryGrpc.class) {
        if ((getWatchDeliveriesMethod = DeliveryQueryGrpc.getWatchDeliveriesMethod) == null) {
          DeliveryQueryGrpc.getWatchDeliveriesMethod = getWatchDeliveriesMethod =
              io.grpc.MethodDescriptor.<com.bookora.webhooks.v1.WatchDeliveriesRequest, com.bookora.webhooks.v1.WatchDeliveriesResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "WatchDeliveries"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.WatchDeliveriesRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.WatchDeliveriesResponse.getDefaultInstance()))
              .setSchemaDescriptor(new DeliveryQueryMethodDescriptorSupplier("WatchDeliveries"))
              .build();
        }
      }
    }
    return getWatchDeliveriesMethod;
  }

  /**
   * Creates a new async stub that supports all call types for the service
   */
  public static DeliveryQueryStub newStub(io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<DeliveryQueryStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<DeliveryQueryStub>() {
        @java.lang.Override
        public DeliveryQueryStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new DeliveryQueryStub(channel, callOptions);
        }
      };
    return DeliveryQueryStub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports all types of calls on the service
   */
  public static DeliveryQueryBlockingV2Stub newBlockingV2Stub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<DeliveryQueryBlockingV2Stub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<DeliveryQueryBlockingV2Stub>() {
        @java.lang.Override
        public DeliveryQueryBlockingV2Stub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new DeliveryQueryBlockingV2Stub(channel, callOptions);
        }
      };
    return DeliveryQueryBlockingV2Stub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports unary and streaming output calls on the service
   */
  public static DeliveryQueryBlockingStub newBlockingStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<DeliveryQueryBlockingStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<DeliveryQueryBlockingStub>() {
        @java.lang.Override
        public DeliveryQueryBlockingStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new DeliveryQueryBlockingStub(channel, callOptions);
        }
      };
    return DeliveryQueryBlockingStub.newStub(factory, channel);
  }

  /**
   * Creates a new ListenableFuture-style stub that supports unary calls on the service
   */
  public static DeliveryQueryFutureStub newFutureStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<DeliveryQueryFutureStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<DeliveryQueryFutureStub>() {
        @java.lang.Override
        public DeliveryQueryFutureStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new DeliveryQueryFutureStub(channel, callOptions);
        }
      };
    return DeliveryQueryFutureStub.newStub(factory, channel);
  }

  /**
   * <pre>
   * Tells what became of events and deliveries. Reads only.
   * Deliveries that are closed are kept, with their attempts, for a time after
   * their last change, by default 30 days; events as long as they have a
   * delivery, or as long from their publish. Afterwards they are NOT_FOUND.
   * Where the service asks for credentials, callers need the role `viewer`, for
   * every account that a request names; `-` is for those whose credentials are
   * good for all accounts. This is checked before anything else.
   * Errors of every RPC then: UNAUTHENTICATED (`CREDENTIALS_MISSING`,
   * `CREDENTIALS_INVALID`), PERMISSION_DENIED (`PERMISSION_DENIED`: the answer is
   * the same whether or not what is asked about exists).
   * A page of a listing holds at most about 3 MiB, so that clients with the
   * usual limit of 4 MiB take it: it may end before `page_size`, with a
   * `next_page_token`.
   * Errors of every RPC here, beside its own: INVALID_ARGUMENT
   * (`INVALID_FIELDS`), UNAVAILABLE (`OVERLOADED`, `STORE_UNAVAILABLE`,
   * `SERVER_DRAINING`), INTERNAL (`INTERNAL`).
   * buf:lint:ignore SERVICE_SUFFIX the name was given before this contract and its callers use it
   * </pre>
   */
  public interface AsyncService {

    /**
     * <pre>
     * Reads one event with its exact payload.
     * Errors: NOT_FOUND (`EVENT_NOT_FOUND`).
     * </pre>
     */
    default void getEvent(com.bookora.webhooks.v1.GetEventRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.GetEventResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetEventMethod(), responseObserver);
    }

    /**
     * <pre>
     * Lists events, newest first, each with its exact payload.
     * </pre>
     */
    default void listEvents(com.bookora.webhooks.v1.ListEventsRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.ListEventsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListEventsMethod(), responseObserver);
    }

    /**
     * <pre>
     * Reads one delivery.
     * Errors: NOT_FOUND (`DELIVERY_NOT_FOUND`).
     * </pre>
     */
    default void getDelivery(com.bookora.webhooks.v1.GetDeliveryRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.GetDeliveryResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetDeliveryMethod(), responseObserver);
    }

    /**
     * <pre>
     * Lists deliveries, newest first. To go on live from what was listed, watch
     * with the list's `watch_token`.
     * </pre>
     */
    default void listDeliveries(com.bookora.webhooks.v1.ListDeliveriesRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.ListDeliveriesResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListDeliveriesMethod(), responseObserver);
    }

    /**
     * <pre>
     * Lists the attempts of a delivery by number, with what the receiver
     * answered.
     * Errors: NOT_FOUND (`DELIVERY_NOT_FOUND`).
     * </pre>
     */
    default void listAttempts(com.bookora.webhooks.v1.ListAttemptsRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.ListAttemptsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListAttemptsMethod(), responseObserver);
    }

    /**
     * <pre>
     * Counts the deliveries that were made in a range of time, by the state that
     * they are in now, and the attempts that were made for them, with how long
     * those took.
     * The counts are kept by the hour and follow the changes of deliveries by
     * about a second (`as_of_time`). A call costs the same however many
     * deliveries there are.
     * </pre>
     */
    default void getDeliveryStats(com.bookora.webhooks.v1.GetDeliveryStatsRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.GetDeliveryStatsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetDeliveryStatsMethod(), responseObserver);
    }

    /**
     * <pre>
     * Follows every change of deliveries, in the order of commit.
     * Without a token it begins now. With one it begins right after the message
     * that carried the token: a client that keeps the token of the last message
     * it has dealt with, and resumes with it after any break, misses nothing.
     * Changes of one delivery come in the order of its revisions, none left out
     * or merged. After a resume, and after a snapshot, some may come a second
     * time: drop a revision that is not above the last one seen of its delivery.
     * A heartbeat comes at once, and whenever nothing else was sent for the
     * heartbeat interval. The stream ends with UNAVAILABLE after about half an
     * hour and when the server shuts down, each time after a last token; the
     * client resumes. The caller's credentials are checked when a watch is
     * opened.
     * Errors: OUT_OF_RANGE (`RESUME_TOKEN_EXPIRED`), UNAVAILABLE
     * (`WATCH_AGE_REACHED`), RESOURCE_EXHAUSTED (`WATCH_TOO_SLOW`: nothing was
     * read for 30 s), DEADLINE_EXCEEDED (`DEADLINE_EXCEEDED`).
     * </pre>
     */
    default void watchDeliveries(com.bookora.webhooks.v1.WatchDeliveriesRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.WatchDeliveriesResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getWatchDeliveriesMethod(), responseObserver);
    }
  }

  /**
   * Base class for the server implementation of the service DeliveryQuery.
   * <pre>
   * Tells what became of events and deliveries. Reads only.
   * Deliveries that are closed are kept, with their attempts, for a time after
   * their last change, by default 30 days; events as long as they have a
   * delivery, or as long from their publish. Afterwards they are NOT_FOUND.
   * Where the service asks for credentials, callers need the role `viewer`, for
   * every account that a request names; `-` is for those whose credentials are
   * good for all accounts. This is checked before anything else.
   * Errors of every RPC then: UNAUTHENTICATED (`CREDENTIALS_MISSING`,
   * `CREDENTIALS_INVALID`), PERMISSION_DENIED (`PERMISSION_DENIED`: the answer is
   * the same whether or not what is asked about exists).
   * A page of a listing holds at most about 3 MiB, so that clients with the
   * usual limit of 4 MiB take it: it may end before `page_size`, with a
   * `next_page_token`.
   * Errors of every RPC here, beside its own: INVALID_ARGUMENT
   * (`INVALID_FIELDS`), UNAVAILABLE (`OVERLOADED`, `STORE_UNAVAILABLE`,
   * `SERVER_DRAINING`), INTERNAL (`INTERNAL`).
   * buf:lint:ignore SERVICE_SUFFIX the name was given before this contract and its callers use it
   * </pre>
   */
  public static abstract class DeliveryQueryImplBase
      implements io.grpc.BindableService, AsyncService {

    @java.lang.Override public final io.grpc.ServerServiceDefinition bindService() {
      return DeliveryQueryGrpc.bindService(this);
    }
  }

  /**
   * A stub to allow clients to do asynchronous rpc calls to service DeliveryQuery.
   * <pre>
   * Tells what became of events and deliveries. Reads only.
   * Deliveries that are closed are kept, with their attempts, for a time after
   * their last change, by default 30 days; events as long as they have a
   * delivery, or as long from their publish. Afterwards they are NOT_FOUND.
   * Where the service asks for credentials, callers need the role `viewer`, for
   * every account that a request names; `-` is for those whose credentials are
   * good for all accounts. This is checked before anything else.
   * Errors of every RPC then: UNAUTHENTICATED (`CREDENTIALS_MISSING`,
   * `CREDENTIALS_INVALID`), PERMISSION_DENIED (`PERMISSION_DENIED`: the answer is
   * the same whether or not what is asked about exists).
   * A page of a listing holds at most about 3 MiB, so that clients with the
   * usual limit of 4 MiB take it: it may end before `page_size`, with a
   * `next_page_token`.
   * Errors of every RPC here, beside its own: INVALID_ARGUMENT
   * (`INVALID_FIELDS`), UNAVAILABLE (`OVERLOADED`, `STORE_UNAVAILABLE`,
   * `SERVER_DRAINING`), INTERNAL (`INTERNAL`).
   * buf:lint:ignore SERVICE_SUFFIX the name was given before this contract and its callers use it
   * </pre>
   */
  public static final class DeliveryQueryStub
      extends io.grpc.stub.AbstractAsyncStub<DeliveryQueryStub> {
    private DeliveryQueryStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected DeliveryQueryStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new DeliveryQueryStub(channel, callOptions);
    }

    /**
     * <pre>
     * Reads one event with its exact payload.
     * Errors: NOT_FOUND (`EVENT_NOT_FOUND`).
     * </pre>
     */
    public void getEvent(com.bookora.webhooks.v1.GetEventRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.GetEventResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetEventMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Lists events, newest first, each with its exact payload.
     * </pre>
     */
    public void listEvents(com.bookora.webhooks.v1.ListEventsRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.ListEventsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListEventsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Reads one delivery.
     * Errors: NOT_FOUND (`DELIVERY_NOT_FOUND`).
     * </pre>
     */
    public void getDelivery(com.bookora.webhooks.v1.GetDeliveryRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.GetDeliveryResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetDeliveryMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Lists deliveries, newest first. To go on live from what was listed, watch
     * with the list's `watch_token`.
     * </pre>
     */
    public void listDeliveries(com.bookora.webhooks.v1.ListDeliveriesRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.ListDeliveriesResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListDeliveriesMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Lists the attempts of a delivery by number, with what the receiver
     * answered.
     * Errors: NOT_FOUND (`DELIVERY_NOT_FOUND`).
     * </pre>
     */
    public void listAttempts(com.bookora.webhooks.v1.ListAttemptsRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.ListAttemptsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListAttemptsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Counts the deliveries that were made in a range of time, by the state that
     * they are in now, and the attempts that were made for them, with how long
     * those took.
     * The counts are kept by the hour and follow the changes of deliveries by
     * about a second (`as_of_time`). A call costs the same however many
     * deliveries there are.
     * </pre>
     */
    public void getDeliveryStats(com.bookora.webhooks.v1.GetDeliveryStatsRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.GetDeliveryStatsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetDeliveryStatsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Follows every change of deliveries, in the order of commit.
     * Without a token it begins now. With one it begins right after the message
     * that carried the token: a client that keeps the token of the last message
     * it has dealt with, and resumes with it after any break, misses nothing.
     * Changes of one delivery come in the order of its revisions, none left out
     * or merged. After a resume, and after a snapshot, some may come a second
     * time: drop a revision that is not above the last one seen of its delivery.
     * A heartbeat comes at once, and whenever nothing else was sent for the
     * heartbeat interval. The stream ends with UNAVAILABLE after about half an
     * hour and when the server shuts down, each time after a last token; the
     * client resumes. The caller's credentials are checked when a watch is
     * opened.
     * Errors: OUT_OF_RANGE (`RESUME_TOKEN_EXPIRED`), UNAVAILABLE
     * (`WATCH_AGE_REACHED`), RESOURCE_EXHAUSTED (`WATCH_TOO_SLOW`: nothing was
     * read for 30 s), DEADLINE_EXCEEDED (`DEADLINE_EXCEEDED`).
     * </pre>
     */
    public void watchDeliveries(com.bookora.webhooks.v1.WatchDeliveriesRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.WatchDeliveriesResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncServerStreamingCall(
          getChannel().newCall(getWatchDeliveriesMethod(), getCallOptions()), request, responseObserver);
    }
  }

  /**
   * A stub to allow clients to do synchronous rpc calls to service DeliveryQuery.
   * <pre>
   * Tells what became of events and deliveries. Reads only.
   * Deliveries that are closed are kept, with their attempts, for a time after
   * their last change, by default 30 days; events as long as they have a
   * delivery, or as long from their publish. Afterwards they are NOT_FOUND.
   * Where the service asks for credentials, callers need the role `viewer`, for
   * every account that a request names; `-` is for those whose credentials are
   * good for all accounts. This is checked before anything else.
   * Errors of every RPC then: UNAUTHENTICATED (`CREDENTIALS_MISSING`,
   * `CREDENTIALS_INVALID`), PERMISSION_DENIED (`PERMISSION_DENIED`: the answer is
   * the same whether or not what is asked about exists).
   * A page of a listing holds at most about 3 MiB, so that clients with the
   * usual limit of 4 MiB take it: it may end before `page_size`, with a
   * `next_page_token`.
   * Errors of every RPC here, beside its own: INVALID_ARGUMENT
   * (`INVALID_FIELDS`), UNAVAILABLE (`OVERLOADED`, `STORE_UNAVAILABLE`,
   * `SERVER_DRAINING`), INTERNAL (`INTERNAL`).
   * buf:lint:ignore SERVICE_SUFFIX the name was given before this contract and its callers use it
   * </pre>
   */
  public static final class DeliveryQueryBlockingV2Stub
      extends io.grpc.stub.AbstractBlockingStub<DeliveryQueryBlockingV2Stub> {
    private DeliveryQueryBlockingV2Stub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected DeliveryQueryBlockingV2Stub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new DeliveryQueryBlockingV2Stub(channel, callOptions);
    }

    /**
     * <pre>
     * Reads one event with its exact payload.
     * Errors: NOT_FOUND (`EVENT_NOT_FOUND`).
     * </pre>
     */
    public com.bookora.webhooks.v1.GetEventResponse getEvent(com.bookora.webhooks.v1.GetEventRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetEventMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists events, newest first, each with its exact payload.
     * </pre>
     */
    public com.bookora.webhooks.v1.ListEventsResponse listEvents(com.bookora.webhooks.v1.ListEventsRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListEventsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Reads one delivery.
     * Errors: NOT_FOUND (`DELIVERY_NOT_FOUND`).
     * </pre>
     */
    public com.bookora.webhooks.v1.GetDeliveryResponse getDelivery(com.bookora.webhooks.v1.GetDeliveryRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetDeliveryMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists deliveries, newest first. To go on live from what was listed, watch
     * with the list's `watch_token`.
     * </pre>
     */
    public com.bookora.webhooks.v1.ListDeliveriesResponse listDeliveries(com.bookora.webhooks.v1.ListDeliveriesRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListDeliveriesMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists the attempts of a delivery by number, with what the receiver
     * answered.
     * Errors: NOT_FOUND (`DELIVERY_NOT_FOUND`).
     * </pre>
     */
    public com.bookora.webhooks.v1.ListAttemptsResponse listAttempts(com.bookora.webhooks.v1.ListAttemptsRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListAttemptsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Counts the deliveries that were made in a range of time, by the state that
     * they are in now, and the attempts that were made for them, with how long
     * those took.
     * The counts are kept by the hour and follow the changes of deliveries by
     * about a second (`as_of_time`). A call costs the same however many
     * deliveries there are.
     * </pre>
     */
    public com.bookora.webhooks.v1.GetDeliveryStatsResponse getDeliveryStats(com.bookora.webhooks.v1.GetDeliveryStatsRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetDeliveryStatsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Follows every change of deliveries, in the order of commit.
     * Without a token it begins now. With one it begins right after the message
     * that carried the token: a client that keeps the token of the last message
     * it has dealt with, and resumes with it after any break, misses nothing.
     * Changes of one delivery come in the order of its revisions, none left out
     * or merged. After a resume, and after a snapshot, some may come a second
     * time: drop a revision that is not above the last one seen of its delivery.
     * A heartbeat comes at once, and whenever nothing else was sent for the
     * heartbeat interval. The stream ends with UNAVAILABLE after about half an
     * hour and when the server shuts down, each time after a last token; the
     * client resumes. The caller's credentials are checked when a watch is
     * opened.
     * Errors: OUT_OF_RANGE (`RESUME_TOKEN_EXPIRED`), UNAVAILABLE
     * (`WATCH_AGE_REACHED`), RESOURCE_EXHAUSTED (`WATCH_TOO_SLOW`: nothing was
     * read for 30 s), DEADLINE_EXCEEDED (`DEADLINE_EXCEEDED`).
     * </pre>
     */
    @io.grpc.ExperimentalApi("https://github.com/grpc/grpc-java/issues/10918")
    public io.grpc.stub.BlockingClientCall<?, com.bookora.webhooks.v1.WatchDeliveriesResponse>
        watchDeliveries(com.bookora.webhooks.v1.WatchDeliveriesRequest request) {
      return io.grpc.stub.ClientCalls.blockingV2ServerStreamingCall(
          getChannel(), getWatchDeliveriesMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do limited synchronous rpc calls to service DeliveryQuery.
   * <pre>
   * Tells what became of events and deliveries. Reads only.
   * Deliveries that are closed are kept, with their attempts, for a time after
   * their last change, by default 30 days; events as long as they have a
   * delivery, or as long from their publish. Afterwards they are NOT_FOUND.
   * Where the service asks for credentials, callers need the role `viewer`, for
   * every account that a request names; `-` is for those whose credentials are
   * good for all accounts. This is checked before anything else.
   * Errors of every RPC then: UNAUTHENTICATED (`CREDENTIALS_MISSING`,
   * `CREDENTIALS_INVALID`), PERMISSION_DENIED (`PERMISSION_DENIED`: the answer is
   * the same whether or not what is asked about exists).
   * A page of a listing holds at most about 3 MiB, so that clients with the
   * usual limit of 4 MiB take it: it may end before `page_size`, with a
   * `next_page_token`.
   * Errors of every RPC here, beside its own: INVALID_ARGUMENT
   * (`INVALID_FIELDS`), UNAVAILABLE (`OVERLOADED`, `STORE_UNAVAILABLE`,
   * `SERVER_DRAINING`), INTERNAL (`INTERNAL`).
   * buf:lint:ignore SERVICE_SUFFIX the name was given before this contract and its callers use it
   * </pre>
   */
  public static final class DeliveryQueryBlockingStub
      extends io.grpc.stub.AbstractBlockingStub<DeliveryQueryBlockingStub> {
    private DeliveryQueryBlockingStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected DeliveryQueryBlockingStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new DeliveryQueryBlockingStub(channel, callOptions);
    }

    /**
     * <pre>
     * Reads one event with its exact payload.
     * Errors: NOT_FOUND (`EVENT_NOT_FOUND`).
     * </pre>
     */
    public com.bookora.webhooks.v1.GetEventResponse getEvent(com.bookora.webhooks.v1.GetEventRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetEventMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists events, newest first, each with its exact payload.
     * </pre>
     */
    public com.bookora.webhooks.v1.ListEventsResponse listEvents(com.bookora.webhooks.v1.ListEventsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListEventsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Reads one delivery.
     * Errors: NOT_FOUND (`DELIVERY_NOT_FOUND`).
     * </pre>
     */
    public com.bookora.webhooks.v1.GetDeliveryResponse getDelivery(com.bookora.webhooks.v1.GetDeliveryRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetDeliveryMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists deliveries, newest first. To go on live from what was listed, watch
     * with the list's `watch_token`.
     * </pre>
     */
    public com.bookora.webhooks.v1.ListDeliveriesResponse listDeliveries(com.bookora.webhooks.v1.ListDeliveriesRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListDeliveriesMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists the attempts of a delivery by number, with what the receiver
     * answered.
     * Errors: NOT_FOUND (`DELIVERY_NOT_FOUND`).
     * </pre>
     */
    public com.bookora.webhooks.v1.ListAttemptsResponse listAttempts(com.bookora.webhooks.v1.ListAttemptsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListAttemptsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Counts the deliveries that were made in a range of time, by the state that
     * they are in now, and the attempts that were made for them, with how long
     * those took.
     * The counts are kept by the hour and follow the changes of deliveries by
     * about a second (`as_of_time`). A call costs the same however many
     * deliveries there are.
     * </pre>
     */
    public com.bookora.webhooks.v1.GetDeliveryStatsResponse getDeliveryStats(com.bookora.webhooks.v1.GetDeliveryStatsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetDeliveryStatsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Follows every change of deliveries, in the order of commit.
     * Without a token it begins now. With one it begins right after the message
     * that carried the token: a client that keeps the token of the last message
     * it has dealt with, and resumes with it after any break, misses nothing.
     * Changes of one delivery come in the order of its revisions, none left out
     * or merged. After a resume, and after a snapshot, some may come a second
     * time: drop a revision that is not above the last one seen of its delivery.
     * A heartbeat comes at once, and whenever nothing else was sent for the
     * heartbeat interval. The stream ends with UNAVAILABLE after about half an
     * hour and when the server shuts down, each time after a last token; the
     * client resumes. The caller's credentials are checked when a watch is
     * opened.
     * Errors: OUT_OF_RANGE (`RESUME_TOKEN_EXPIRED`), UNAVAILABLE
     * (`WATCH_AGE_REACHED`), RESOURCE_EXHAUSTED (`WATCH_TOO_SLOW`: nothing was
     * read for 30 s), DEADLINE_EXCEEDED (`DEADLINE_EXCEEDED`).
     * </pre>
     */
    public java.util.Iterator<com.bookora.webhooks.v1.WatchDeliveriesResponse> watchDeliveries(
        com.bookora.webhooks.v1.WatchDeliveriesRequest request) {
      return io.grpc.stub.ClientCalls.blockingServerStreamingCall(
          getChannel(), getWatchDeliveriesMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do ListenableFuture-style rpc calls to service DeliveryQuery.
   * <pre>
   * Tells what became of events and deliveries. Reads only.
   * Deliveries that are closed are kept, with their attempts, for a time after
   * their last change, by default 30 days; events as long as they have a
   * delivery, or as long from their publish. Afterwards they are NOT_FOUND.
   * Where the service asks for credentials, callers need the role `viewer`, for
   * every account that a request names; `-` is for those whose credentials are
   * good for all accounts. This is checked before anything else.
   * Errors of every RPC then: UNAUTHENTICATED (`CREDENTIALS_MISSING`,
   * `CREDENTIALS_INVALID`), PERMISSION_DENIED (`PERMISSION_DENIED`: the answer is
   * the same whether or not what is asked about exists).
   * A page of a listing holds at most about 3 MiB, so that clients with the
   * usual limit of 4 MiB take it: it may end before `page_size`, with a
   * `next_page_token`.
   * Errors of every RPC here, beside its own: INVALID_ARGUMENT
   * (`INVALID_FIELDS`), UNAVAILABLE (`OVERLOADED`, `STORE_UNAVAILABLE`,
   * `SERVER_DRAINING`), INTERNAL (`INTERNAL`).
   * buf:lint:ignore SERVICE_SUFFIX the name was given before this contract and its callers use it
   * </pre>
   */
  public static final class DeliveryQueryFutureStub
      extends io.grpc.stub.AbstractFutureStub<DeliveryQueryFutureStub> {
    private DeliveryQueryFutureStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected DeliveryQueryFutureStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new DeliveryQueryFutureStub(channel, callOptions);
    }

    /**
     * <pre>
     * Reads one event with its exact payload.
     * Errors: NOT_FOUND (`EVENT_NOT_FOUND`).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.bookora.webhooks.v1.GetEventResponse> getEvent(
        com.bookora.webhooks.v1.GetEventRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetEventMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Lists events, newest first, each with its exact payload.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.bookora.webhooks.v1.ListEventsResponse> listEvents(
        com.bookora.webhooks.v1.ListEventsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListEventsMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Reads one delivery.
     * Errors: NOT_FOUND (`DELIVERY_NOT_FOUND`).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.bookora.webhooks.v1.GetDeliveryResponse> getDelivery(
        com.bookora.webhooks.v1.GetDeliveryRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetDeliveryMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Lists deliveries, newest first. To go on live from what was listed, watch
     * with the list's `watch_token`.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.bookora.webhooks.v1.ListDeliveriesResponse> listDeliveries(
        com.bookora.webhooks.v1.ListDeliveriesRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListDeliveriesMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Lists the attempts of a delivery by number, with what the receiver
     * answered.
     * Errors: NOT_FOUND (`DELIVERY_NOT_FOUND`).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.bookora.webhooks.v1.ListAttemptsResponse> listAttempts(
        com.bookora.webhooks.v1.ListAttemptsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListAttemptsMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Counts the deliveries that were made in a range of time, by the state that
     * they are in now, and the attempts that were made for them, with how long
     * those took.
     * The counts are kept by the hour and follow the changes of deliveries by
     * about a second (`as_of_time`). A call costs the same however many
     * deliveries there are.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.bookora.webhooks.v1.GetDeliveryStatsResponse> getDeliveryStats(
        com.bookora.webhooks.v1.GetDeliveryStatsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetDeliveryStatsMethod(), getCallOptions()), request);
    }
  }

  private static final int METHODID_GET_EVENT = 0;
  private static final int METHODID_LIST_EVENTS = 1;
  private static final int METHODID_GET_DELIVERY = 2;
  private static final int METHODID_LIST_DELIVERIES = 3;
  private static final int METHODID_LIST_ATTEMPTS = 4;
  private static final int METHODID_GET_DELIVERY_STATS = 5;
  private static final int METHODID_WATCH_DELIVERIES = 6;

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
        case METHODID_GET_EVENT:
          serviceImpl.getEvent((com.bookora.webhooks.v1.GetEventRequest) request,
              (io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.GetEventResponse>) responseObserver);
          break;
        case METHODID_LIST_EVENTS:
          serviceImpl.listEvents((com.bookora.webhooks.v1.ListEventsRequest) request,
              (io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.ListEventsResponse>) responseObserver);
          break;
        case METHODID_GET_DELIVERY:
          serviceImpl.getDelivery((com.bookora.webhooks.v1.GetDeliveryRequest) request,
              (io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.GetDeliveryResponse>) responseObserver);
          break;
        case METHODID_LIST_DELIVERIES:
          serviceImpl.listDeliveries((com.bookora.webhooks.v1.ListDeliveriesRequest) request,
              (io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.ListDeliveriesResponse>) responseObserver);
          break;
        case METHODID_LIST_ATTEMPTS:
          serviceImpl.listAttempts((com.bookora.webhooks.v1.ListAttemptsRequest) request,
              (io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.ListAttemptsResponse>) responseObserver);
          break;
        case METHODID_GET_DELIVERY_STATS:
          serviceImpl.getDeliveryStats((com.bookora.webhooks.v1.GetDeliveryStatsRequest) request,
              (io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.GetDeliveryStatsResponse>) responseObserver);
          break;
        case METHODID_WATCH_DELIVERIES:
          serviceImpl.watchDeliveries((com.bookora.webhooks.v1.WatchDeliveriesRequest) request,
              (io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.WatchDeliveriesResponse>) responseObserver);
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
        default:
          throw new AssertionError();
      }
    }
  }

  public static final io.grpc.ServerServiceDefinition bindService(AsyncService service) {
    return io.grpc.ServerServiceDefinition.builder(getServiceDescriptor())
        .addMethod(
          getGetEventMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.bookora.webhooks.v1.GetEventRequest,
              com.bookora.webhooks.v1.GetEventResponse>(
                service, METHODID_GET_EVENT)))
        .addMethod(
          getListEventsMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.bookora.webhooks.v1.ListEventsRequest,
              com.bookora.webhooks.v1.ListEventsResponse>(
                service, METHODID_LIST_EVENTS)))
        .addMethod(
          getGetDeliveryMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.bookora.webhooks.v1.GetDeliveryRequest,
              com.bookora.webhooks.v1.GetDeliveryResponse>(
                service, METHODID_GET_DELIVERY)))
        .addMethod(
          getListDeliveriesMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.bookora.webhooks.v1.ListDeliveriesRequest,
              com.bookora.webhooks.v1.ListDeliveriesResponse>(
                service, METHODID_LIST_DELIVERIES)))
        .addMethod(
          getListAttemptsMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.bookora.webhooks.v1.ListAttemptsRequest,
              com.bookora.webhooks.v1.ListAttemptsResponse>(
                service, METHODID_LIST_ATTEMPTS)))
        .addMethod(
          getGetDeliveryStatsMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.bookora.webhooks.v1.GetDeliveryStatsRequest,
              com.bookora.webhooks.v1.GetDeliveryStatsResponse>(
                service, METHODID_GET_DELIVERY_STATS)))
        .addMethod(
          getWatchDeliveriesMethod(),
          io.grpc.stub.ServerCalls.asyncServerStreamingCall(
            new MethodHandlers<
              com.bookora.webhooks.v1.WatchDeliveriesRequest,
              com.bookora.webhooks.v1.WatchDeliveriesResponse>(
                service, METHODID_WATCH_DELIVERIES)))
        .build();
  }

  private static abstract class DeliveryQueryBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoFileDescriptorSupplier, io.grpc.protobuf.ProtoServiceDescriptorSupplier {
    DeliveryQueryBaseDescriptorSupplier() {}

    @java.lang.Override
    public com.google.protobuf.Descriptors.FileDescriptor getFileDescriptor() {
      return com.bookora.webhooks.v1.DeliveryQueryProto.getDescriptor();
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.ServiceDescriptor getServiceDescriptor() {
      return getFileDescriptor().findServiceByName("DeliveryQuery");
    }
  }

  private static final class DeliveryQueryFileDescriptorSupplier
      extends DeliveryQueryBaseDescriptorSupplier {
    DeliveryQueryFileDescriptorSupplier() {}
  }

  private static final class DeliveryQueryMethodDescriptorSupplier
      extends DeliveryQueryBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoMethodDescriptorSupplier {
    private final java.lang.String methodName;

    DeliveryQueryMethodDescriptorSupplier(java.lang.String methodName) {
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
      synchronized (DeliveryQueryGrpc.class) {
        result = serviceDescriptor;
        if (result == null) {
          serviceDescriptor = result = io.grpc.ServiceDescriptor.newBuilder(SERVICE_NAME)
              .setSchemaDescriptor(new DeliveryQueryFileDescriptorSupplier())
              .addMethod(getGetEventMethod())
              .addMethod(getListEventsMethod())
              .addMethod(getGetDeliveryMethod())
              .addMethod(getListDeliveriesMethod())
              .addMethod(getListAttemptsMethod())
              .addMethod(getGetDeliveryStatsMethod())
              .addMethod(getWatchDeliveriesMethod())
              .build();
        }
      }
    }
    return result;
  }
}
