package com.bookora.webhooks.v1;

import static io.grpc.MethodDescriptor.generateFullMethodName;

/**
 * <pre>
 * Manages endpoints and their secrets, and sends again what did not arrive.
 * Where the service asks for credentials, callers need the role `admin`, for
 * every account that a request names; `-` is for those whose credentials are
 * good for all accounts. This is checked before anything else.
 * Errors of every RPC then: UNAUTHENTICATED (`CREDENTIALS_MISSING`,
 * `CREDENTIALS_INVALID`), PERMISSION_DENIED (`PERMISSION_DENIED`: the answer is
 * the same whether or not what is asked about exists).
 * A request to an endpoint is under way, as it is called here, from when it is
 * made ready: where the endpoint acknowledges quickly, about a quarter of a
 * second before it is sent. It is sent as the endpoint was then, whatever was
 * changed since.
 * Errors of every RPC here, beside its own: INVALID_ARGUMENT
 * (`INVALID_FIELDS`), UNAVAILABLE (`OVERLOADED`, `STORE_UNAVAILABLE`,
 * `SERVER_DRAINING`), RESOURCE_EXHAUSTED (`STORE_FULL`), INTERNAL
 * (`INTERNAL`).
 * buf:lint:ignore SERVICE_SUFFIX the name was given before this contract and its callers use it
 * </pre>
 */
@io.grpc.stub.annotations.GrpcGenerated
public final class EndpointAdminGrpc {

  private EndpointAdminGrpc() {}

  public static final java.lang.String SERVICE_NAME = "bookora.webhooks.v1.EndpointAdmin";

  // Static method descriptors that strictly reflect the proto.
  private static volatile io.grpc.MethodDescriptor<com.bookora.webhooks.v1.CreateEndpointRequest,
      com.bookora.webhooks.v1.CreateEndpointResponse> getCreateEndpointMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "CreateEndpoint",
      requestType = com.bookora.webhooks.v1.CreateEndpointRequest.class,
      responseType = com.bookora.webhooks.v1.CreateEndpointResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.bookora.webhooks.v1.CreateEndpointRequest,
      com.bookora.webhooks.v1.CreateEndpointResponse> getCreateEndpointMethod() {
    io.grpc.MethodDescriptor<com.bookora.webhooks.v1.CreateEndpointRequest, com.bookora.webhooks.v1.CreateEndpointResponse> getCreateEndpointMethod;
    if ((getCreateEndpointMethod = EndpointAdminGrpc.getCreateEndpointMethod) == null) {
      synchronized (EndpointAdminGrpc.class) {
        if ((getCreateEndpointMethod = EndpointAdminGrpc.getCreateEndpointMethod) == null) {
          EndpointAdminGrpc.getCreateEndpointMethod = getCreateEndpointMethod =
              io.grpc.MethodDescriptor.<com.bookora.webhooks.v1.CreateEndpointRequest, com.bookora.webhooks.v1.CreateEndpointResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "CreateEndpoint"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.CreateEndpointRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.CreateEndpointResponse.getDefaultInstance()))
              .setSchemaDescriptor(new EndpointAdminMethodDescriptorSupplier("CreateEndpoint"))
              .build();
        }
      }
    }
    return getCreateEndpointMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.bookora.webhooks.v1.GetEndpointRequest,
      com.bookora.webhooks.v1.GetEndpointResponse> getGetEndpointMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetEndpoint",
      requestType = com.bookora.webhooks.v1.GetEndpointRequest.class,
      responseType = com.bookora.webhooks.v1.GetEndpointResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.bookora.webhooks.v1.GetEndpointRequest,
      com.bookora.webhooks.v1.GetEndpointResponse> getGetEndpointMethod() {
    io.grpc.MethodDescriptor<com.bookora.webhooks.v1.GetEndpointRequest, com.bookora.webhooks.v1.GetEndpointResponse> getGetEndpointMethod;
    if ((getGetEndpointMethod = EndpointAdminGrpc.getGetEndpointMethod) == null) {
      synchronized (EndpointAdminGrpc.class) {
        if ((getGetEndpointMethod = EndpointAdminGrpc.getGetEndpointMethod) == null) {
          EndpointAdminGrpc.getGetEndpointMethod = getGetEndpointMethod =
              io.grpc.MethodDescriptor.<com.bookora.webhooks.v1.GetEndpointRequest, com.bookora.webhooks.v1.GetEndpointResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetEndpoint"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.GetEndpointRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.GetEndpointResponse.getDefaultInstance()))
              .setSchemaDescriptor(new EndpointAdminMethodDescriptorSupplier("GetEndpoint"))
              .build();
        }
      }
    }
    return getGetEndpointMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.bookora.webhooks.v1.ListEndpointsRequest,
      com.bookora.webhooks.v1.ListEndpointsResponse> getListEndpointsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListEndpoints",
      requestType = com.bookora.webhooks.v1.ListEndpointsRequest.class,
      responseType = com.bookora.webhooks.v1.ListEndpointsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.bookora.webhooks.v1.ListEndpointsRequest,
      com.bookora.webhooks.v1.ListEndpointsResponse> getListEndpointsMethod() {
    io.grpc.MethodDescriptor<com.bookora.webhooks.v1.ListEndpointsRequest, com.bookora.webhooks.v1.ListEndpointsResponse> getListEndpointsMethod;
    if ((getListEndpointsMethod = EndpointAdminGrpc.getListEndpointsMethod) == null) {
      synchronized (EndpointAdminGrpc.class) {
        if ((getListEndpointsMethod = EndpointAdminGrpc.getListEndpointsMethod) == null) {
          EndpointAdminGrpc.getListEndpointsMethod = getListEndpointsMethod =
              io.grpc.MethodDescriptor.<com.bookora.webhooks.v1.ListEndpointsRequest, com.bookora.webhooks.v1.ListEndpointsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListEndpoints"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.ListEndpointsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.ListEndpointsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new EndpointAdminMethodDescriptorSupplier("ListEndpoints"))
              .build();
        }
      }
    }
    return getListEndpointsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.bookora.webhooks.v1.UpdateEndpointRequest,
      com.bookora.webhooks.v1.UpdateEndpointResponse> getUpdateEndpointMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "UpdateEndpoint",
      requestType = com.bookora.webhooks.v1.UpdateEndpointRequest.class,
      responseType = com.bookora.webhooks.v1.UpdateEndpointResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.bookora.webhooks.v1.UpdateEndpointRequest,
      com.bookora.webhooks.v1.UpdateEndpointResponse> getUpdateEndpointMethod() {
    io.grpc.MethodDescriptor<com.bookora.webhooks.v1.UpdateEndpointRequest, com.bookora.webhooks.v1.UpdateEndpointResponse> getUpdateEndpointMethod;
    if ((getUpdateEndpointMethod = EndpointAdminGrpc.getUpdateEndpointMethod) == null) {
      synchronized (EndpointAdminGrpc.class) {
        if ((getUpdateEndpointMethod = EndpointAdminGrpc.getUpdateEndpointMethod) == null) {
          EndpointAdminGrpc.getUpdateEndpointMethod = getUpdateEndpointMethod =
              io.grpc.MethodDescriptor.<com.bookora.webhooks.v1.UpdateEndpointRequest, com.bookora.webhooks.v1.UpdateEndpointResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "UpdateEndpoint"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.UpdateEndpointRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.UpdateEndpointResponse.getDefaultInstance()))
              .setSchemaDescriptor(new EndpointAdminMethodDescriptorSupplier("UpdateEndpoint"))
              .build();
        }
      }
    }
    return getUpdateEndpointMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.bookora.webhooks.v1.DeleteEndpointRequest,
      com.bookora.webhooks.v1.DeleteEndpointResponse> getDeleteEndpointMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "DeleteEndpoint",
      requestType = com.bookora.webhooks.v1.DeleteEndpointRequest.class,
      responseType = com.bookora.webhooks.v1.DeleteEndpointResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.bookora.webhooks.v1.DeleteEndpointRequest,
      com.bookora.webhooks.v1.DeleteEndpointResponse> getDeleteEndpointMethod() {
    io.grpc.MethodDescriptor<com.bookora.webhooks.v1.DeleteEndpointRequest, com.bookora.webhooks.v1.DeleteEndpointResponse> getDeleteEndpointMethod;
    if ((getDeleteEndpointMethod = EndpointAdminGrpc.getDeleteEndpointMethod) == null) {
      synchronized (EndpointAdminGrpc.class) {
        if ((getDeleteEndpointMethod = EndpointAdminGrpc.getDeleteEndpointMethod) == null) {
          EndpointAdminGrpc.getDeleteEndpointMethod = getDeleteEndpointMethod =
              io.grpc.MethodDescriptor.<com.bookora.webhooks.v1.DeleteEndpointRequest, com.bookora.webhooks.v1.DeleteEndpointResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "DeleteEndpoint"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.DeleteEndpointRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.DeleteEndpointResponse.getDefaultInstance()))
              .setSchemaDescriptor(new EndpointAdminMethodDescriptorSupplier("DeleteEndpoint"))
              .build();
        }
      }
    }
    return getDeleteEndpointMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.bookora.webhooks.v1.EnableEndpointRequest,
      com.bookora.webhooks.v1.EnableEndpointResponse> getEnableEndpointMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "EnableEndpoint",
      requestType = com.bookora.webhooks.v1.EnableEndpointRequest.class,
      responseType = com.bookora.webhooks.v1.EnableEndpointResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.bookora.webhooks.v1.EnableEndpointRequest,
      com.bookora.webhooks.v1.EnableEndpointResponse> getEnableEndpointMethod() {
    io.grpc.MethodDescriptor<com.bookora.webhooks.v1.EnableEndpointRequest, com.bookora.webhooks.v1.EnableEndpointResponse> getEnableEndpointMethod;
    if ((getEnableEndpointMethod = EndpointAdminGrpc.getEnableEndpointMethod) == null) {
      synchronized (EndpointAdminGrpc.class) {
        if ((getEnableEndpointMethod = EndpointAdminGrpc.getEnableEndpointMethod) == null) {
          EndpointAdminGrpc.getEnableEndpointMethod = getEnableEndpointMethod =
              io.grpc.MethodDescriptor.<com.bookora.webhooks.v1.EnableEndpointRequest, com.bookora.webhooks.v1.EnableEndpointResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "EnableEndpoint"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.EnableEndpointRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.EnableEndpointResponse.getDefaultInstance()))
              .setSchemaDescriptor(new EndpointAdminMethodDescriptorSupplier("EnableEndpoint"))
              .build();
        }
      }
    }
    return getEnableEndpointMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.bookora.webhooks.v1.DisableEndpointRequest,
      com.bookora.webhooks.v1.DisableEndpointResponse> getDisableEndpointMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "DisableEndpoint",
      requestType = com.bookora.webhooks.v1.DisableEndpointRequest.class,
      responseType = com.bookora.webhooks.v1.DisableEndpointResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.bookora.webhooks.v1.DisableEndpointRequest,
      com.bookora.webhooks.v1.DisableEndpointResponse> getDisableEndpointMethod() {
    io.grpc.MethodDescriptor<com.bookora.webhooks.v1.DisableEndpointRequest, com.bookora.webhooks.v1.DisableEndpointResponse> getDisableEndpointMethod;
    if ((getDisableEndpointMethod = EndpointAdminGrpc.getDisableEndpointMethod) == null) {
      synchronized (EndpointAdminGrpc.class) {
        if ((getDisableEndpointMethod = EndpointAdminGrpc.getDisableEndpointMethod) == null) {
          EndpointAdminGrpc.getDisableEndpointMethod = getDisableEndpointMethod =
              io.grpc.MethodDescriptor.<com.bookora.webhooks.v1.DisableEndpointRequest, com.bookora.webhooks.v1.DisableEndpointResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "DisableEndpoint"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.DisableEndpointRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.DisableEndpointResponse.getDefaultInstance()))
              .setSchemaDescriptor(new EndpointAdminMethodDescriptorSupplier("DisableEndpoint"))
              .build();
        }
      }
    }
    return getDisableEndpointMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.bookora.webhooks.v1.GetEndpointSecretRequest,
      com.bookora.webhooks.v1.GetEndpointSecretResponse> getGetEndpointSecretMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetEndpointSecret",
      requestType = com.bookora.webhooks.v1.GetEndpointSecretRequest.class,
      responseType = com.bookora.webhooks.v1.GetEndpointSecretResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.bookora.webhooks.v1.GetEndpointSecretRequest,
      com.bookora.webhooks.v1.GetEndpointSecretResponse> getGetEndpointSecretMethod() {
    io.grpc.MethodDescriptor<com.bookora.webhooks.v1.GetEndpointSecretRequest, com.bookora.webhooks.v1.GetEndpointSecretResponse> getGetEndpointSecretMethod;
    if ((getGetEndpointSecretMethod = EndpointAdminGrpc.getGetEndpointSecretMethod) == null) {
      synchronized (EndpointAdminGrpc.class) {
        if ((getGetEndpointSecretMethod = EndpointAdminGrpc.getGetEndpointSecretMethod) == null) {
          EndpointAdminGrpc.getGetEndpointSecretMethod = getGetEndpointSecretMethod =
              io.grpc.MethodDescriptor.<com.bookora.webhooks.v1.GetEndpointSecretRequest, com.bookora.webhooks.v1.GetEndpointSecretResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetEndpointSecret"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.GetEndpointSecretRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.GetEndpointSecretResponse.getDefaultInstance()))
              .setSchemaDescriptor(new EndpointAdminMethodDescriptorSupplier("GetEndpointSecret"))
              .build();
        }
      }
    }
    return getGetEndpointSecretMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.bookora.webhooks.v1.RotateEndpointSecretRequest,
      com.bookora.webhooks.v1.RotateEndpointSecretResponse> getRotateEndpointSecretMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "RotateEndpointSecret",
      requestType = com.bookora.webhooks.v1.RotateEndpointSecretRequest.class,
      responseType = com.bookora.webhooks.v1.RotateEndpointSecretResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.bookora.webhooks.v1.RotateEndpointSecretRequest,
      com.bookora.webhooks.v1.RotateEndpointSecretResponse> getRotateEndpointSecretMethod() {
    io.grpc.MethodDescriptor<com.bookora.webhooks.v1.RotateEndpointSecretRequest, com.bookora.webhooks.v1.RotateEndpointSecretResponse> getRotateEndpointSecretMethod;
    if ((getRotateEndpointSecretMethod = EndpointAdminGrpc.getRotateEndpointSecretMethod) == null) {
      synchronized (EndpointAdminGrpc.class) {
        if ((getRotateEndpointSecretMethod = EndpointAdminGrpc.getRotateEndpointSecretMethod) == null) {
          EndpointAdminGrpc.getRotateEndpointSecretMethod = getRotateEndpointSecretMethod =
              io.grpc.MethodDescriptor.<com.bookora.webhooks.v1.RotateEndpointSecretRequest, com.bookora.webhooks.v1.RotateEndpointSecretResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "RotateEndpointSecret"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.RotateEndpointSecretRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.RotateEndpointSecretResponse.getDefaultInstance()))
              .setSchemaDescriptor(new EndpointAdminMethodDescriptorSupplier("RotateEndpointSecret"))
              .build();
        }
      }
    }
    return getRotateEndpointSecretMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.bookora.webhooks.v1.RevokeEndpointSecretRequest,
      com.bookora.webhooks.v1.RevokeEndpointSecretResponse> getRevokeEndpointSecretMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "RevokeEndpointSecret",
      requestType = com.bookora.webhooks.v1.RevokeEndpointSecretRequest.class,
      responseType = com.bookora.webhooks.v1.RevokeEndpointSecretResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.bookora.webhooks.v1.RevokeEndpointSecretRequest,
      com.bookora.webhooks.v1.RevokeEndpointSecretResponse> getRevokeEndpointSecretMethod() {
    io.grpc.MethodDescriptor<com.bookora.webhooks.v1.RevokeEndpointSecretRequest, com.bookora.webhooks.v1.RevokeEndpointSecretResponse> getRevokeEndpointSecretMethod;
    if ((getRevokeEndpointSecretMethod = EndpointAdminGrpc.getRevokeEndpointSecretMethod) == null) {
      synchronized (EndpointAdminGrpc.class) {
        if ((getRevokeEndpointSecretMethod = EndpointAdminGrpc.getRevokeEndpointSecretMethod) == null) {
          EndpointAdminGrpc.getRevokeEndpointSecretMethod = getRevokeEndpointSecretMethod =
              io.grpc.MethodDescriptor.<com.bookora.webhooks.v1.RevokeEndpointSecretRequest, com.bookora.webhooks.v1.RevokeEndpointSecretResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "RevokeEndpointSecret"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.RevokeEndpointSecretRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.RevokeEndpointSecretResponse.getDefaultInstance()))
              .setSchemaDescriptor(new EndpointAdminMethodDescriptorSupplier("RevokeEndpointSecret"))
              .build();
        }
      }
    }
    return getRevokeEndpointSecretMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.bookora.webhooks.v1.TestEndpointRequest,
      com.bookora.webhooks.v1.TestEndpointResponse> getTestEndpointMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "TestEndpoint",
      requestType = com.bookora.webhooks.v1.TestEndpointRequest.class,
      responseType = com.bookora.webhooks.v1.TestEndpointResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.bookora.webhooks.v1.TestEndpointRequest,
      com.bookora.webhooks.v1.TestEndpointResponse> getTestEndpointMethod() {
    io.grpc.MethodDescriptor<com.bookora.webhooks.v1.TestEndpointRequest, com.bookora.webhooks.v1.TestEndpointResponse> getTestEndpointMethod;
    if ((getTestEndpointMethod = EndpointAdminGrpc.getTestEndpointMethod) == null) {
      synchronized (EndpointAdminGrpc.class) {
        if ((getTestEndpointMethod = EndpointAdminGrpc.getTestEndpointMethod) == null) {
          EndpointAdminGrpc.getTestEndpointMethod = getTestEndpointMethod =
              io.grpc.MethodDescriptor.<com.bookora.webhooks.v1.TestEndpointRequest, com.bookora.webhooks.v1.TestEndpointResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "TestEndpoint"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.TestEndpointRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.TestEndpointResponse.getDefaultInstance()))
              .setSchemaDescriptor(new EndpointAdminMethodDescriptorSupplier("TestEndpoint"))
              .build();
        }
      }
    }
    return getTestEndpointMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.bookora.webhooks.v1.ResendDeliveryRequest,
      com.bookora.webhooks.v1.ResendDeliveryResponse> getResendDeliveryMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ResendDelivery",
      requestType = com.bookora.webhooks.v1.ResendDeliveryRequest.class,
      responseType = com.bookora.webhooks.v1.ResendDeliveryResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.bookora.webhooks.v1.ResendDeliveryRequest,
      com.bookora.webhooks.v1.ResendDeliveryResponse> getResendDeliveryMethod() {
    io.grpc.MethodDescriptor<com.bookora.webhooks.v1.ResendDeliveryRequest, com.bookora.webhooks.v1.ResendDeliveryResponse> getResendDeliveryMethod;
    if ((getResendDeliveryMethod = EndpointAdminGrpc.getResendDeliveryMethod) == null) {
      synchronized (EndpointAdminGrpc.class) {
        if ((getResendDeliveryMethod = EndpointAdminGrpc.getResendDeliveryMethod) == null) {
          EndpointAdminGrpc.getResendDeliveryMethod = getResendDeliveryMethod =
              io.grpc.MethodDescriptor.<com.bookora.webhooks.v1.ResendDeliveryRequest, com.bookora.webhooks.v1.ResendDeliveryResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ResendDelivery"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.ResendDeliveryRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.ResendDeliveryResponse.getDefaultInstance()))
              .setSchemaDescriptor(new EndpointAdminMethodDescriptorSupplier("ResendDelivery"))
              .build();
        }
      }
    }
    return getResendDeliveryMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.bookora.webhooks.v1.RecoverEndpointRequest,
      com.bookora.webhooks.v1.RecoverEndpointResponse> getRecoverEndpointMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "RecoverEndpoint",
      requestType = com.bookora.webhooks.v1.RecoverEndpointRequest.class,
      responseType = com.bookora.webhooks.v1.RecoverEndpointResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.bookora.webhooks.v1.RecoverEndpointRequest,
      com.bookora.webhooks.v1.RecoverEndpointResponse> getRecoverEndpointMethod() {
    io.grpc.MethodDescriptor<com.bookora.webhooks.v1.RecoverEndpointRequest, com.bookora.webhooks.v1.RecoverEndpointResponse> getRecoverEndpointMethod;
    if ((getRecoverEndpointMethod = EndpointAdminGrpc.getRecoverEndpointMethod) == null) {
      synchronized (EndpointAdminGrpc.class) {
        if ((getRecoverEndpointMethod = EndpointAdminGrpc.getRecoverEndpointMethod) == null) {
          EndpointAdminGrpc.getRecoverEndpointMethod = getRecoverEndpointMethod =
              io.grpc.MethodDescriptor.<com.bookora.webhooks.v1.RecoverEndpointRequest, com.bookora.webhooks.v1.RecoverEndpointResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "RecoverEndpoint"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.RecoverEndpointRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.RecoverEndpointResponse.getDefaultInstance()))
              .setSchemaDescriptor(new EndpointAdminMethodDescriptorSupplier("RecoverEndpoint"))
              .build();
        }
      }
    }
    return getRecoverEndpointMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.bookora.webhooks.v1.CancelDeliveryRequest,
      com.bookora.webhooks.v1.CancelDeliveryResponse> getCancelDeliveryMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "CancelDelivery",
      requestType = com.bookora.webhooks.v1.CancelDeliveryRequest.class,
      responseType = com.bookora.webhooks.v1.CancelDeliveryResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.bookora.webhooks.v1.CancelDeliveryRequest,
      com.bookora.webhooks.v1.CancelDeliveryResponse> getCancelDeliveryMethod() {
    io.grpc.MethodDescriptor<com.bookora.webhooks.v1.CancelDeliveryRequest, com.bookora.webhooks.v1.CancelDeliveryResponse> getCancelDeliveryMethod;
    if ((getCancelDeliveryMethod = EndpointAdminGrpc.getCancelDeliveryMethod) == null) {
      synchronized (EndpointAdminGrpc.class) {
        if ((getCancelDeliveryMethod = EndpointAdminGrpc.getCancelDeliveryMethod) == null) {
          EndpointAdminGrpc.getCancelDeliveryMethod = getCancelDeliveryMethod =
              io.grpc.MethodDescriptor.<com.bookora.webhooks.v1.CancelDeliveryRequest, com.bookora.webhooks.v1.CancelDeliveryResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "CancelDelivery"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.CancelDeliveryRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.CancelDeliveryResponse.getDefaultInstance()))
              .setSchemaDescriptor(new EndpointAdminMethodDescriptorSupplier("CancelDelivery"))
              .build();
        }
      }
    }
    return getCancelDeliveryMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.bookora.webhooks.v1.ListEventTypesRequest,
      com.bookora.webhooks.v1.ListEventTypesResponse> getListEventTypesMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListEventTypes",
      requestType = com.bookora.webhooks.v1.ListEventTypesRequest.class,
      responseType = com.bookora.webhooks.v1.ListEventTypesResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.bookora.webhooks.v1.ListEventTypesRequest,
      com.bookora.webhooks.v1.ListEventTypesResponse> getListEventTypesMethod() {
    io.grpc.MethodDescriptor<com.bookora.webhooks.v1.ListEventTypesRequest, com.bookora.webhooks.v1.ListEventTypesResponse> getListEventTypesMethod;
    if ((getListEventTypesMethod = EndpointAdminGrpc.getListEventTypesMethod) == null) {
      synchronized (EndpointAdminGrpc.class) {
        if ((getListEventTypesMethod = EndpointAdminGrpc.getListEventTypesMethod) == null) {
          EndpointAdminGrpc.getListEventTypesMethod = getListEventTypesMethod =
              io.grpc.MethodDescriptor.<com.bookora.webhooks.v1.ListEventTypesRequest, com.bookora.webhooks.v1.ListEventTypesResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListEventTypes"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.ListEventTypesRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.bookora.webhooks.v1.ListEventTypesResponse.getDefaultInstance()))
              .setSchemaDescriptor(new EndpointAdminMethodDescriptorSupplier("ListEventTypes"))
              .build();
        }
      }
    }
    return getListEventTypesMethod;
  }

  /**
   * Creates a new async stub that supports all call types for the service
   */
  public static EndpointAdminStub newStub(io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<EndpointAdminStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<EndpointAdminStub>() {
        @java.lang.Override
        public EndpointAdminStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new EndpointAdminStub(channel, callOptions);
        }
      };
    return EndpointAdminStub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports all types of calls on the service
   */
  public static EndpointAdminBlockingV2Stub newBlockingV2Stub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<EndpointAdminBlockingV2Stub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<EndpointAdminBlockingV2Stub>() {
        @java.lang.Override
        public EndpointAdminBlockingV2Stub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new EndpointAdminBlockingV2Stub(channel, callOptions);
        }
      };
    return EndpointAdminBlockingV2Stub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports unary and streaming output calls on the service
   */
  public static EndpointAdminBlockingStub newBlockingStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<EndpointAdminBlockingStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<EndpointAdminBlockingStub>() {
        @java.lang.Override
        public EndpointAdminBlockingStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new EndpointAdminBlockingStub(channel, callOptions);
        }
      };
    return EndpointAdminBlockingStub.newStub(factory, channel);
  }

  /**
   * Creates a new ListenableFuture-style stub that supports unary calls on the service
   */
  public static EndpointAdminFutureStub newFutureStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<EndpointAdminFutureStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<EndpointAdminFutureStub>() {
        @java.lang.Override
        public EndpointAdminFutureStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new EndpointAdminFutureStub(channel, callOptions);
        }
      };
    return EndpointAdminFutureStub.newStub(factory, channel);
  }

  /**
   * <pre>
   * Manages endpoints and their secrets, and sends again what did not arrive.
   * Where the service asks for credentials, callers need the role `admin`, for
   * every account that a request names; `-` is for those whose credentials are
   * good for all accounts. This is checked before anything else.
   * Errors of every RPC then: UNAUTHENTICATED (`CREDENTIALS_MISSING`,
   * `CREDENTIALS_INVALID`), PERMISSION_DENIED (`PERMISSION_DENIED`: the answer is
   * the same whether or not what is asked about exists).
   * A request to an endpoint is under way, as it is called here, from when it is
   * made ready: where the endpoint acknowledges quickly, about a quarter of a
   * second before it is sent. It is sent as the endpoint was then, whatever was
   * changed since.
   * Errors of every RPC here, beside its own: INVALID_ARGUMENT
   * (`INVALID_FIELDS`), UNAVAILABLE (`OVERLOADED`, `STORE_UNAVAILABLE`,
   * `SERVER_DRAINING`), RESOURCE_EXHAUSTED (`STORE_FULL`), INTERNAL
   * (`INTERNAL`).
   * buf:lint:ignore SERVICE_SUFFIX the name was given before this contract and its callers use it
   * </pre>
   */
  public interface AsyncService {

    /**
     * <pre>
     * Registers an endpoint. It is ACTIVE at once: events published after this
     * call answered are sent to it.
     * Errors: ALREADY_EXISTS (`REQUEST_ID_REUSED`), RESOURCE_EXHAUSTED
     * (`QUOTA_EXCEEDED`: an account holds at most 1,000 endpoints).
     * </pre>
     */
    default void createEndpoint(com.bookora.webhooks.v1.CreateEndpointRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.CreateEndpointResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getCreateEndpointMethod(), responseObserver);
    }

    /**
     * <pre>
     * Reads one endpoint.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`).
     * </pre>
     */
    default void getEndpoint(com.bookora.webhooks.v1.GetEndpointRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.GetEndpointResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetEndpointMethod(), responseObserver);
    }

    /**
     * <pre>
     * Lists the endpoints of an account, newest first.
     * </pre>
     */
    default void listEndpoints(com.bookora.webhooks.v1.ListEndpointsRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.ListEndpointsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListEndpointsMethod(), responseObserver);
    }

    /**
     * <pre>
     * Changes the fields that the mask names (AIP-134). What is already on its
     * way keeps its bytes, and goes to the new URL from its next attempt on. An
     * endpoint that is DISABLED or SUSPENDED stays so.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`), ABORTED (`ETAG_MISMATCH`).
     * </pre>
     */
    default void updateEndpoint(com.bookora.webhooks.v1.UpdateEndpointRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.UpdateEndpointResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getUpdateEndpointMethod(), responseObserver);
    }

    /**
     * <pre>
     * Deletes an endpoint and its secrets. Its open deliveries end CANCELLED;
     * what became of the deliveries stays readable.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`, unless `allow_missing`), ABORTED
     * (`ETAG_MISMATCH`).
     * </pre>
     */
    default void deleteEndpoint(com.bookora.webhooks.v1.DeleteEndpointRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.DeleteEndpointResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getDeleteEndpointMethod(), responseObserver);
    }

    /**
     * <pre>
     * Makes an endpoint ACTIVE again that was DISABLED or SUSPENDED. What was
     * cancelled while it was off stays cancelled until RecoverEndpoint brings it
     * back. An endpoint that is ACTIVE is left as it is.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`).
     * </pre>
     */
    default void enableEndpoint(com.bookora.webhooks.v1.EnableEndpointRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.EnableEndpointResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getEnableEndpointMethod(), responseObserver);
    }

    /**
     * <pre>
     * Makes an endpoint DISABLED: from the answer on nothing more is sent to
     * it, and its open deliveries have ended CANCELLED with the reason. A
     * request that was under way may still arrive. An endpoint that is DISABLED
     * gets the new reason.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`).
     * </pre>
     */
    default void disableEndpoint(com.bookora.webhooks.v1.DisableEndpointRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.DisableEndpointResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getDisableEndpointMethod(), responseObserver);
    }

    /**
     * <pre>
     * Returns the endpoint's current secret: during the overlap of a rotation
     * the new one. Beside CreateEndpoint and RotateEndpointSecret the only RPC
     * that returns key material.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`).
     * </pre>
     */
    default void getEndpointSecret(com.bookora.webhooks.v1.GetEndpointSecretRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.GetEndpointSecretResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetEndpointSecretMethod(), responseObserver);
    }

    /**
     * <pre>
     * Replaces the endpoint's secret. From the answer on every new attempt is
     * signed with the new secret (`X-Bookora-Signature`) and, until the overlap
     * ends, also with the old one (`X-Bookora-Signature-Previous`);
     * `webhook-signature` carries both, the new one first. A receiver that holds
     * one of them and looks at one header still gets everything: during the
     * overlap, an answer of 401 or 403 makes the next attempt of that delivery
     * swap the two signatures in the headers, and another swaps them back. An
     * attempt that was under way may still arrive as it was signed.
     * The endpoint's etag changes. An endpoint that is not ACTIVE can be given a
     * new secret too.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`), FAILED_PRECONDITION
     * (`ROTATION_IN_PROGRESS`: the overlap of the rotation before lasts),
     * ALREADY_EXISTS (`REQUEST_ID_REUSED`).
     * </pre>
     */
    default void rotateEndpointSecret(com.bookora.webhooks.v1.RotateEndpointSecretRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.RotateEndpointSecretResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getRotateEndpointSecretMethod(), responseObserver);
    }

    /**
     * <pre>
     * Ends an old secret before its overlap does: from the answer on no new
     * attempt is signed with it. An attempt that was under way may still arrive
     * as it was signed. The endpoint's etag changes.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`, `SECRET_NOT_FOUND`),
     * FAILED_PRECONDITION (`SECRET_IN_USE`: it is the current secret; call
     * RotateEndpointSecret with an `overlap` of 0 instead).
     * </pre>
     */
    default void revokeEndpointSecret(com.bookora.webhooks.v1.RevokeEndpointSecretRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.RevokeEndpointSecretResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getRevokeEndpointSecretMethod(), responseObserver);
    }

    /**
     * <pre>
     * Sends one sample event to an endpoint now, signed like any other, and
     * answers with the attempt. It is made once, not retried, and not stored as
     * a delivery; it may be made to an endpoint that is not ACTIVE. A receiver
     * that refuses it or does not answer is no error: the attempt's outcome
     * tells.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`), UNAVAILABLE (`OVERLOADED`: more
     * than 32 tests are under way).
     * </pre>
     */
    default void testEndpoint(com.bookora.webhooks.v1.TestEndpointRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.TestEndpointResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getTestEndpointMethod(), responseObserver);
    }

    /**
     * <pre>
     * Sends a closed delivery again: the same delivery and bytes, with a retry
     * schedule from its beginning, due now. It becomes PENDING; its attempts are
     * counted on.
     * Errors: NOT_FOUND (`DELIVERY_NOT_FOUND`; `ENDPOINT_NOT_FOUND`: its
     * endpoint was deleted), FAILED_PRECONDITION (`DELIVERY_OPEN`,
     * `ENDPOINT_DISABLED`), ALREADY_EXISTS (`REQUEST_ID_REUSED`).
     * </pre>
     */
    default void resendDelivery(com.bookora.webhooks.v1.ResendDeliveryRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.ResendDeliveryResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getResendDeliveryMethod(), responseObserver);
    }

    /**
     * <pre>
     * Brings back to an endpoint what did not arrive in a range of time, after an
     * outage of its receiver for example: closed deliveries are sent again as
     * ResendDelivery does, and missed events get a delivery.
     * The answer comes before anything is sent. The work goes on in the
     * background in small steps, oldest first, and survives a restart of the
     * service; the deliveries show how far it has come. It ends early when the
     * endpoint is disabled or deleted.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`), FAILED_PRECONDITION
     * (`ENDPOINT_DISABLED`; `RECOVERY_IN_PROGRESS`: one at a time for each
     * endpoint), ALREADY_EXISTS (`REQUEST_ID_REUSED`).
     * </pre>
     */
    default void recoverEndpoint(com.bookora.webhooks.v1.RecoverEndpointRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.RecoverEndpointResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getRecoverEndpointMethod(), responseObserver);
    }

    /**
     * <pre>
     * Cancels an open delivery: nothing more is sent, and it ends CANCELLED. A
     * request that was under way may still arrive, but changes nothing any more.
     * A delivery that is CANCELLED is left as it is.
     * Errors: NOT_FOUND (`DELIVERY_NOT_FOUND`), FAILED_PRECONDITION
     * (`DELIVERY_CLOSED`: it is SUCCEEDED or FAILED).
     * </pre>
     */
    default void cancelDelivery(com.bookora.webhooks.v1.CancelDeliveryRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.CancelDeliveryResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getCancelDeliveryMethod(), responseObserver);
    }

    /**
     * <pre>
     * Lists the types of events that can be subscribed to, by name. Those that
     * the operator allows by a group, such as `invoice.*`, have no names to be
     * listed.
     * </pre>
     */
    default void listEventTypes(com.bookora.webhooks.v1.ListEventTypesRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.ListEventTypesResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListEventTypesMethod(), responseObserver);
    }
  }

  /**
   * Base class for the server implementation of the service EndpointAdmin.
   * <pre>
   * Manages endpoints and their secrets, and sends again what did not arrive.
   * Where the service asks for credentials, callers need the role `admin`, for
   * every account that a request names; `-` is for those whose credentials are
   * good for all accounts. This is checked before anything else.
   * Errors of every RPC then: UNAUTHENTICATED (`CREDENTIALS_MISSING`,
   * `CREDENTIALS_INVALID`), PERMISSION_DENIED (`PERMISSION_DENIED`: the answer is
   * the same whether or not what is asked about exists).
   * A request to an endpoint is under way, as it is called here, from when it is
   * made ready: where the endpoint acknowledges quickly, about a quarter of a
   * second before it is sent. It is sent as the endpoint was then, whatever was
   * changed since.
   * Errors of every RPC here, beside its own: INVALID_ARGUMENT
   * (`INVALID_FIELDS`), UNAVAILABLE (`OVERLOADED`, `STORE_UNAVAILABLE`,
   * `SERVER_DRAINING`), RESOURCE_EXHAUSTED (`STORE_FULL`), INTERNAL
   * (`INTERNAL`).
   * buf:lint:ignore SERVICE_SUFFIX the name was given before this contract and its callers use it
   * </pre>
   */
  public static abstract class EndpointAdminImplBase
      implements io.grpc.BindableService, AsyncService {

    @java.lang.Override public final io.grpc.ServerServiceDefinition bindService() {
      return EndpointAdminGrpc.bindService(this);
    }
  }

  /**
   * A stub to allow clients to do asynchronous rpc calls to service EndpointAdmin.
   * <pre>
   * Manages endpoints and their secrets, and sends again what did not arrive.
   * Where the service asks for credentials, callers need the role `admin`, for
   * every account that a request names; `-` is for those whose credentials are
   * good for all accounts. This is checked before anything else.
   * Errors of every RPC then: UNAUTHENTICATED (`CREDENTIALS_MISSING`,
   * `CREDENTIALS_INVALID`), PERMISSION_DENIED (`PERMISSION_DENIED`: the answer is
   * the same whether or not what is asked about exists).
   * A request to an endpoint is under way, as it is called here, from when it is
   * made ready: where the endpoint acknowledges quickly, about a quarter of a
   * second before it is sent. It is sent as the endpoint was then, whatever was
   * changed since.
   * Errors of every RPC here, beside its own: INVALID_ARGUMENT
   * (`INVALID_FIELDS`), UNAVAILABLE (`OVERLOADED`, `STORE_UNAVAILABLE`,
   * `SERVER_DRAINING`), RESOURCE_EXHAUSTED (`STORE_FULL`), INTERNAL
   * (`INTERNAL`).
   * buf:lint:ignore SERVICE_SUFFIX the name was given before this contract and its callers use it
   * </pre>
   */
  public static final class EndpointAdminStub
      extends io.grpc.stub.AbstractAsyncStub<EndpointAdminStub> {
    private EndpointAdminStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected EndpointAdminStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new EndpointAdminStub(channel, callOptions);
    }

    /**
     * <pre>
     * Registers an endpoint. It is ACTIVE at once: events published after this
     * call answered are sent to it.
     * Errors: ALREADY_EXISTS (`REQUEST_ID_REUSED`), RESOURCE_EXHAUSTED
     * (`QUOTA_EXCEEDED`: an account holds at most 1,000 endpoints).
     * </pre>
     */
    public void createEndpoint(com.bookora.webhooks.v1.CreateEndpointRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.CreateEndpointResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getCreateEndpointMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Reads one endpoint.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`).
     * </pre>
     */
    public void getEndpoint(com.bookora.webhooks.v1.GetEndpointRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.GetEndpointResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetEndpointMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Lists the endpoints of an account, newest first.
     * </pre>
     */
    public void listEndpoints(com.bookora.webhooks.v1.ListEndpointsRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.ListEndpointsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListEndpointsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Changes the fields that the mask names (AIP-134). What is already on its
     * way keeps its bytes, and goes to the new URL from its next attempt on. An
     * endpoint that is DISABLED or SUSPENDED stays so.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`), ABORTED (`ETAG_MISMATCH`).
     * </pre>
     */
    public void updateEndpoint(com.bookora.webhooks.v1.UpdateEndpointRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.UpdateEndpointResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getUpdateEndpointMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Deletes an endpoint and its secrets. Its open deliveries end CANCELLED;
     * what became of the deliveries stays readable.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`, unless `allow_missing`), ABORTED
     * (`ETAG_MISMATCH`).
     * </pre>
     */
    public void deleteEndpoint(com.bookora.webhooks.v1.DeleteEndpointRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.DeleteEndpointResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getDeleteEndpointMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Makes an endpoint ACTIVE again that was DISABLED or SUSPENDED. What was
     * cancelled while it was off stays cancelled until RecoverEndpoint brings it
     * back. An endpoint that is ACTIVE is left as it is.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`).
     * </pre>
     */
    public void enableEndpoint(com.bookora.webhooks.v1.EnableEndpointRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.EnableEndpointResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getEnableEndpointMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Makes an endpoint DISABLED: from the answer on nothing more is sent to
     * it, and its open deliveries have ended CANCELLED with the reason. A
     * request that was under way may still arrive. An endpoint that is DISABLED
     * gets the new reason.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`).
     * </pre>
     */
    public void disableEndpoint(com.bookora.webhooks.v1.DisableEndpointRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.DisableEndpointResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getDisableEndpointMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Returns the endpoint's current secret: during the overlap of a rotation
     * the new one. Beside CreateEndpoint and RotateEndpointSecret the only RPC
     * that returns key material.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`).
     * </pre>
     */
    public void getEndpointSecret(com.bookora.webhooks.v1.GetEndpointSecretRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.GetEndpointSecretResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetEndpointSecretMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Replaces the endpoint's secret. From the answer on every new attempt is
     * signed with the new secret (`X-Bookora-Signature`) and, until the overlap
     * ends, also with the old one (`X-Bookora-Signature-Previous`);
     * `webhook-signature` carries both, the new one first. A receiver that holds
     * one of them and looks at one header still gets everything: during the
     * overlap, an answer of 401 or 403 makes the next attempt of that delivery
     * swap the two signatures in the headers, and another swaps them back. An
     * attempt that was under way may still arrive as it was signed.
     * The endpoint's etag changes. An endpoint that is not ACTIVE can be given a
     * new secret too.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`), FAILED_PRECONDITION
     * (`ROTATION_IN_PROGRESS`: the overlap of the rotation before lasts),
     * ALREADY_EXISTS (`REQUEST_ID_REUSED`).
     * </pre>
     */
    public void rotateEndpointSecret(com.bookora.webhooks.v1.RotateEndpointSecretRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.RotateEndpointSecretResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getRotateEndpointSecretMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Ends an old secret before its overlap does: from the answer on no new
     * attempt is signed with it. An attempt that was under way may still arrive
     * as it was signed. The endpoint's etag changes.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`, `SECRET_NOT_FOUND`),
     * FAILED_PRECONDITION (`SECRET_IN_USE`: it is the current secret; call
     * RotateEndpointSecret with an `overlap` of 0 instead).
     * </pre>
     */
    public void revokeEndpointSecret(com.bookora.webhooks.v1.RevokeEndpointSecretRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.RevokeEndpointSecretResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getRevokeEndpointSecretMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Sends one sample event to an endpoint now, signed like any other, and
     * answers with the attempt. It is made once, not retried, and not stored as
     * a delivery; it may be made to an endpoint that is not ACTIVE. A receiver
     * that refuses it or does not answer is no error: the attempt's outcome
     * tells.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`), UNAVAILABLE (`OVERLOADED`: more
     * than 32 tests are under way).
     * </pre>
     */
    public void testEndpoint(com.bookora.webhooks.v1.TestEndpointRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.TestEndpointResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getTestEndpointMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Sends a closed delivery again: the same delivery and bytes, with a retry
     * schedule from its beginning, due now. It becomes PENDING; its attempts are
     * counted on.
     * Errors: NOT_FOUND (`DELIVERY_NOT_FOUND`; `ENDPOINT_NOT_FOUND`: its
     * endpoint was deleted), FAILED_PRECONDITION (`DELIVERY_OPEN`,
     * `ENDPOINT_DISABLED`), ALREADY_EXISTS (`REQUEST_ID_REUSED`).
     * </pre>
     */
    public void resendDelivery(com.bookora.webhooks.v1.ResendDeliveryRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.ResendDeliveryResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getResendDeliveryMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Brings back to an endpoint what did not arrive in a range of time, after an
     * outage of its receiver for example: closed deliveries are sent again as
     * ResendDelivery does, and missed events get a delivery.
     * The answer comes before anything is sent. The work goes on in the
     * background in small steps, oldest first, and survives a restart of the
     * service; the deliveries show how far it has come. It ends early when the
     * endpoint is disabled or deleted.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`), FAILED_PRECONDITION
     * (`ENDPOINT_DISABLED`; `RECOVERY_IN_PROGRESS`: one at a time for each
     * endpoint), ALREADY_EXISTS (`REQUEST_ID_REUSED`).
     * </pre>
     */
    public void recoverEndpoint(com.bookora.webhooks.v1.RecoverEndpointRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.RecoverEndpointResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getRecoverEndpointMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Cancels an open delivery: nothing more is sent, and it ends CANCELLED. A
     * request that was under way may still arrive, but changes nothing any more.
     * A delivery that is CANCELLED is left as it is.
     * Errors: NOT_FOUND (`DELIVERY_NOT_FOUND`), FAILED_PRECONDITION
     * (`DELIVERY_CLOSED`: it is SUCCEEDED or FAILED).
     * </pre>
     */
    public void cancelDelivery(com.bookora.webhooks.v1.CancelDeliveryRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.CancelDeliveryResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getCancelDeliveryMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Lists the types of events that can be subscribed to, by name. Those that
     * the operator allows by a group, such as `invoice.*`, have no names to be
     * listed.
     * </pre>
     */
    public void listEventTypes(com.bookora.webhooks.v1.ListEventTypesRequest request,
        io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.ListEventTypesResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListEventTypesMethod(), getCallOptions()), request, responseObserver);
    }
  }

  /**
   * A stub to allow clients to do synchronous rpc calls to service EndpointAdmin.
   * <pre>
   * Manages endpoints and their secrets, and sends again what did not arrive.
   * Where the service asks for credentials, callers need the role `admin`, for
   * every account that a request names; `-` is for those whose credentials are
   * good for all accounts. This is checked before anything else.
   * Errors of every RPC then: UNAUTHENTICATED (`CREDENTIALS_MISSING`,
   * `CREDENTIALS_INVALID`), PERMISSION_DENIED (`PERMISSION_DENIED`: the answer is
   * the same whether or not what is asked about exists).
   * A request to an endpoint is under way, as it is called here, from when it is
   * made ready: where the endpoint acknowledges quickly, about a quarter of a
   * second before it is sent. It is sent as the endpoint was then, whatever was
   * changed since.
   * Errors of every RPC here, beside its own: INVALID_ARGUMENT
   * (`INVALID_FIELDS`), UNAVAILABLE (`OVERLOADED`, `STORE_UNAVAILABLE`,
   * `SERVER_DRAINING`), RESOURCE_EXHAUSTED (`STORE_FULL`), INTERNAL
   * (`INTERNAL`).
   * buf:lint:ignore SERVICE_SUFFIX the name was given before this contract and its callers use it
   * </pre>
   */
  public static final class EndpointAdminBlockingV2Stub
      extends io.grpc.stub.AbstractBlockingStub<EndpointAdminBlockingV2Stub> {
    private EndpointAdminBlockingV2Stub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected EndpointAdminBlockingV2Stub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new EndpointAdminBlockingV2Stub(channel, callOptions);
    }

    /**
     * <pre>
     * Registers an endpoint. It is ACTIVE at once: events published after this
     * call answered are sent to it.
     * Errors: ALREADY_EXISTS (`REQUEST_ID_REUSED`), RESOURCE_EXHAUSTED
     * (`QUOTA_EXCEEDED`: an account holds at most 1,000 endpoints).
     * </pre>
     */
    public com.bookora.webhooks.v1.CreateEndpointResponse createEndpoint(com.bookora.webhooks.v1.CreateEndpointRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getCreateEndpointMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Reads one endpoint.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`).
     * </pre>
     */
    public com.bookora.webhooks.v1.GetEndpointResponse getEndpoint(com.bookora.webhooks.v1.GetEndpointRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetEndpointMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists the endpoints of an account, newest first.
     * </pre>
     */
    public com.bookora.webhooks.v1.ListEndpointsResponse listEndpoints(com.bookora.webhooks.v1.ListEndpointsRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListEndpointsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Changes the fields that the mask names (AIP-134). What is already on its
     * way keeps its bytes, and goes to the new URL from its next attempt on. An
     * endpoint that is DISABLED or SUSPENDED stays so.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`), ABORTED (`ETAG_MISMATCH`).
     * </pre>
     */
    public com.bookora.webhooks.v1.UpdateEndpointResponse updateEndpoint(com.bookora.webhooks.v1.UpdateEndpointRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getUpdateEndpointMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Deletes an endpoint and its secrets. Its open deliveries end CANCELLED;
     * what became of the deliveries stays readable.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`, unless `allow_missing`), ABORTED
     * (`ETAG_MISMATCH`).
     * </pre>
     */
    public com.bookora.webhooks.v1.DeleteEndpointResponse deleteEndpoint(com.bookora.webhooks.v1.DeleteEndpointRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getDeleteEndpointMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Makes an endpoint ACTIVE again that was DISABLED or SUSPENDED. What was
     * cancelled while it was off stays cancelled until RecoverEndpoint brings it
     * back. An endpoint that is ACTIVE is left as it is.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`).
     * </pre>
     */
    public com.bookora.webhooks.v1.EnableEndpointResponse enableEndpoint(com.bookora.webhooks.v1.EnableEndpointRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getEnableEndpointMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Makes an endpoint DISABLED: from the answer on nothing more is sent to
     * it, and its open deliveries have ended CANCELLED with the reason. A
     * request that was under way may still arrive. An endpoint that is DISABLED
     * gets the new reason.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`).
     * </pre>
     */
    public com.bookora.webhooks.v1.DisableEndpointResponse disableEndpoint(com.bookora.webhooks.v1.DisableEndpointRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getDisableEndpointMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Returns the endpoint's current secret: during the overlap of a rotation
     * the new one. Beside CreateEndpoint and RotateEndpointSecret the only RPC
     * that returns key material.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`).
     * </pre>
     */
    public com.bookora.webhooks.v1.GetEndpointSecretResponse getEndpointSecret(com.bookora.webhooks.v1.GetEndpointSecretRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetEndpointSecretMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Replaces the endpoint's secret. From the answer on every new attempt is
     * signed with the new secret (`X-Bookora-Signature`) and, until the overlap
     * ends, also with the old one (`X-Bookora-Signature-Previous`);
     * `webhook-signature` carries both, the new one first. A receiver that holds
     * one of them and looks at one header still gets everything: during the
     * overlap, an answer of 401 or 403 makes the next attempt of that delivery
     * swap the two signatures in the headers, and another swaps them back. An
     * attempt that was under way may still arrive as it was signed.
     * The endpoint's etag changes. An endpoint that is not ACTIVE can be given a
     * new secret too.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`), FAILED_PRECONDITION
     * (`ROTATION_IN_PROGRESS`: the overlap of the rotation before lasts),
     * ALREADY_EXISTS (`REQUEST_ID_REUSED`).
     * </pre>
     */
    public com.bookora.webhooks.v1.RotateEndpointSecretResponse rotateEndpointSecret(com.bookora.webhooks.v1.RotateEndpointSecretRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getRotateEndpointSecretMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Ends an old secret before its overlap does: from the answer on no new
     * attempt is signed with it. An attempt that was under way may still arrive
     * as it was signed. The endpoint's etag changes.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`, `SECRET_NOT_FOUND`),
     * FAILED_PRECONDITION (`SECRET_IN_USE`: it is the current secret; call
     * RotateEndpointSecret with an `overlap` of 0 instead).
     * </pre>
     */
    public com.bookora.webhooks.v1.RevokeEndpointSecretResponse revokeEndpointSecret(com.bookora.webhooks.v1.RevokeEndpointSecretRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getRevokeEndpointSecretMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Sends one sample event to an endpoint now, signed like any other, and
     * answers with the attempt. It is made once, not retried, and not stored as
     * a delivery; it may be made to an endpoint that is not ACTIVE. A receiver
     * that refuses it or does not answer is no error: the attempt's outcome
     * tells.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`), UNAVAILABLE (`OVERLOADED`: more
     * than 32 tests are under way).
     * </pre>
     */
    public com.bookora.webhooks.v1.TestEndpointResponse testEndpoint(com.bookora.webhooks.v1.TestEndpointRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getTestEndpointMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Sends a closed delivery again: the same delivery and bytes, with a retry
     * schedule from its beginning, due now. It becomes PENDING; its attempts are
     * counted on.
     * Errors: NOT_FOUND (`DELIVERY_NOT_FOUND`; `ENDPOINT_NOT_FOUND`: its
     * endpoint was deleted), FAILED_PRECONDITION (`DELIVERY_OPEN`,
     * `ENDPOINT_DISABLED`), ALREADY_EXISTS (`REQUEST_ID_REUSED`).
     * </pre>
     */
    public com.bookora.webhooks.v1.ResendDeliveryResponse resendDelivery(com.bookora.webhooks.v1.ResendDeliveryRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getResendDeliveryMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Brings back to an endpoint what did not arrive in a range of time, after an
     * outage of its receiver for example: closed deliveries are sent again as
     * ResendDelivery does, and missed events get a delivery.
     * The answer comes before anything is sent. The work goes on in the
     * background in small steps, oldest first, and survives a restart of the
     * service; the deliveries show how far it has come. It ends early when the
     * endpoint is disabled or deleted.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`), FAILED_PRECONDITION
     * (`ENDPOINT_DISABLED`; `RECOVERY_IN_PROGRESS`: one at a time for each
     * endpoint), ALREADY_EXISTS (`REQUEST_ID_REUSED`).
     * </pre>
     */
    public com.bookora.webhooks.v1.RecoverEndpointResponse recoverEndpoint(com.bookora.webhooks.v1.RecoverEndpointRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getRecoverEndpointMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Cancels an open delivery: nothing more is sent, and it ends CANCELLED. A
     * request that was under way may still arrive, but changes nothing any more.
     * A delivery that is CANCELLED is left as it is.
     * Errors: NOT_FOUND (`DELIVERY_NOT_FOUND`), FAILED_PRECONDITION
     * (`DELIVERY_CLOSED`: it is SUCCEEDED or FAILED).
     * </pre>
     */
    public com.bookora.webhooks.v1.CancelDeliveryResponse cancelDelivery(com.bookora.webhooks.v1.CancelDeliveryRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getCancelDeliveryMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists the types of events that can be subscribed to, by name. Those that
     * the operator allows by a group, such as `invoice.*`, have no names to be
     * listed.
     * </pre>
     */
    public com.bookora.webhooks.v1.ListEventTypesResponse listEventTypes(com.bookora.webhooks.v1.ListEventTypesRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListEventTypesMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do limited synchronous rpc calls to service EndpointAdmin.
   * <pre>
   * Manages endpoints and their secrets, and sends again what did not arrive.
   * Where the service asks for credentials, callers need the role `admin`, for
   * every account that a request names; `-` is for those whose credentials are
   * good for all accounts. This is checked before anything else.
   * Errors of every RPC then: UNAUTHENTICATED (`CREDENTIALS_MISSING`,
   * `CREDENTIALS_INVALID`), PERMISSION_DENIED (`PERMISSION_DENIED`: the answer is
   * the same whether or not what is asked about exists).
   * A request to an endpoint is under way, as it is called here, from when it is
   * made ready: where the endpoint acknowledges quickly, about a quarter of a
   * second before it is sent. It is sent as the endpoint was then, whatever was
   * changed since.
   * Errors of every RPC here, beside its own: INVALID_ARGUMENT
   * (`INVALID_FIELDS`), UNAVAILABLE (`OVERLOADED`, `STORE_UNAVAILABLE`,
   * `SERVER_DRAINING`), RESOURCE_EXHAUSTED (`STORE_FULL`), INTERNAL
   * (`INTERNAL`).
   * buf:lint:ignore SERVICE_SUFFIX the name was given before this contract and its callers use it
   * </pre>
   */
  public static final class EndpointAdminBlockingStub
      extends io.grpc.stub.AbstractBlockingStub<EndpointAdminBlockingStub> {
    private EndpointAdminBlockingStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected EndpointAdminBlockingStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new EndpointAdminBlockingStub(channel, callOptions);
    }

    /**
     * <pre>
     * Registers an endpoint. It is ACTIVE at once: events published after this
     * call answered are sent to it.
     * Errors: ALREADY_EXISTS (`REQUEST_ID_REUSED`), RESOURCE_EXHAUSTED
     * (`QUOTA_EXCEEDED`: an account holds at most 1,000 endpoints).
     * </pre>
     */
    public com.bookora.webhooks.v1.CreateEndpointResponse createEndpoint(com.bookora.webhooks.v1.CreateEndpointRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getCreateEndpointMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Reads one endpoint.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`).
     * </pre>
     */
    public com.bookora.webhooks.v1.GetEndpointResponse getEndpoint(com.bookora.webhooks.v1.GetEndpointRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetEndpointMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists the endpoints of an account, newest first.
     * </pre>
     */
    public com.bookora.webhooks.v1.ListEndpointsResponse listEndpoints(com.bookora.webhooks.v1.ListEndpointsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListEndpointsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Changes the fields that the mask names (AIP-134). What is already on its
     * way keeps its bytes, and goes to the new URL from its next attempt on. An
     * endpoint that is DISABLED or SUSPENDED stays so.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`), ABORTED (`ETAG_MISMATCH`).
     * </pre>
     */
    public com.bookora.webhooks.v1.UpdateEndpointResponse updateEndpoint(com.bookora.webhooks.v1.UpdateEndpointRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getUpdateEndpointMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Deletes an endpoint and its secrets. Its open deliveries end CANCELLED;
     * what became of the deliveries stays readable.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`, unless `allow_missing`), ABORTED
     * (`ETAG_MISMATCH`).
     * </pre>
     */
    public com.bookora.webhooks.v1.DeleteEndpointResponse deleteEndpoint(com.bookora.webhooks.v1.DeleteEndpointRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getDeleteEndpointMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Makes an endpoint ACTIVE again that was DISABLED or SUSPENDED. What was
     * cancelled while it was off stays cancelled until RecoverEndpoint brings it
     * back. An endpoint that is ACTIVE is left as it is.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`).
     * </pre>
     */
    public com.bookora.webhooks.v1.EnableEndpointResponse enableEndpoint(com.bookora.webhooks.v1.EnableEndpointRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getEnableEndpointMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Makes an endpoint DISABLED: from the answer on nothing more is sent to
     * it, and its open deliveries have ended CANCELLED with the reason. A
     * request that was under way may still arrive. An endpoint that is DISABLED
     * gets the new reason.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`).
     * </pre>
     */
    public com.bookora.webhooks.v1.DisableEndpointResponse disableEndpoint(com.bookora.webhooks.v1.DisableEndpointRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getDisableEndpointMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Returns the endpoint's current secret: during the overlap of a rotation
     * the new one. Beside CreateEndpoint and RotateEndpointSecret the only RPC
     * that returns key material.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`).
     * </pre>
     */
    public com.bookora.webhooks.v1.GetEndpointSecretResponse getEndpointSecret(com.bookora.webhooks.v1.GetEndpointSecretRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetEndpointSecretMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Replaces the endpoint's secret. From the answer on every new attempt is
     * signed with the new secret (`X-Bookora-Signature`) and, until the overlap
     * ends, also with the old one (`X-Bookora-Signature-Previous`);
     * `webhook-signature` carries both, the new one first. A receiver that holds
     * one of them and looks at one header still gets everything: during the
     * overlap, an answer of 401 or 403 makes the next attempt of that delivery
     * swap the two signatures in the headers, and another swaps them back. An
     * attempt that was under way may still arrive as it was signed.
     * The endpoint's etag changes. An endpoint that is not ACTIVE can be given a
     * new secret too.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`), FAILED_PRECONDITION
     * (`ROTATION_IN_PROGRESS`: the overlap of the rotation before lasts),
     * ALREADY_EXISTS (`REQUEST_ID_REUSED`).
     * </pre>
     */
    public com.bookora.webhooks.v1.RotateEndpointSecretResponse rotateEndpointSecret(com.bookora.webhooks.v1.RotateEndpointSecretRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getRotateEndpointSecretMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Ends an old secret before its overlap does: from the answer on no new
     * attempt is signed with it. An attempt that was under way may still arrive
     * as it was signed. The endpoint's etag changes.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`, `SECRET_NOT_FOUND`),
     * FAILED_PRECONDITION (`SECRET_IN_USE`: it is the current secret; call
     * RotateEndpointSecret with an `overlap` of 0 instead).
     * </pre>
     */
    public com.bookora.webhooks.v1.RevokeEndpointSecretResponse revokeEndpointSecret(com.bookora.webhooks.v1.RevokeEndpointSecretRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getRevokeEndpointSecretMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Sends one sample event to an endpoint now, signed like any other, and
     * answers with the attempt. It is made once, not retried, and not stored as
     * a delivery; it may be made to an endpoint that is not ACTIVE. A receiver
     * that refuses it or does not answer is no error: the attempt's outcome
     * tells.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`), UNAVAILABLE (`OVERLOADED`: more
     * than 32 tests are under way).
     * </pre>
     */
    public com.bookora.webhooks.v1.TestEndpointResponse testEndpoint(com.bookora.webhooks.v1.TestEndpointRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getTestEndpointMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Sends a closed delivery again: the same delivery and bytes, with a retry
     * schedule from its beginning, due now. It becomes PENDING; its attempts are
     * counted on.
     * Errors: NOT_FOUND (`DELIVERY_NOT_FOUND`; `ENDPOINT_NOT_FOUND`: its
     * endpoint was deleted), FAILED_PRECONDITION (`DELIVERY_OPEN`,
     * `ENDPOINT_DISABLED`), ALREADY_EXISTS (`REQUEST_ID_REUSED`).
     * </pre>
     */
    public com.bookora.webhooks.v1.ResendDeliveryResponse resendDelivery(com.bookora.webhooks.v1.ResendDeliveryRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getResendDeliveryMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Brings back to an endpoint what did not arrive in a range of time, after an
     * outage of its receiver for example: closed deliveries are sent again as
     * ResendDelivery does, and missed events get a delivery.
     * The answer comes before anything is sent. The work goes on in the
     * background in small steps, oldest first, and survives a restart of the
     * service; the deliveries show how far it has come. It ends early when the
     * endpoint is disabled or deleted.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`), FAILED_PRECONDITION
     * (`ENDPOINT_DISABLED`; `RECOVERY_IN_PROGRESS`: one at a time for each
     * endpoint), ALREADY_EXISTS (`REQUEST_ID_REUSED`).
     * </pre>
     */
    public com.bookora.webhooks.v1.RecoverEndpointResponse recoverEndpoint(com.bookora.webhooks.v1.RecoverEndpointRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getRecoverEndpointMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Cancels an open delivery: nothing more is sent, and it ends CANCELLED. A
     * request that was under way may still arrive, but changes nothing any more.
     * A delivery that is CANCELLED is left as it is.
     * Errors: NOT_FOUND (`DELIVERY_NOT_FOUND`), FAILED_PRECONDITION
     * (`DELIVERY_CLOSED`: it is SUCCEEDED or FAILED).
     * </pre>
     */
    public com.bookora.webhooks.v1.CancelDeliveryResponse cancelDelivery(com.bookora.webhooks.v1.CancelDeliveryRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getCancelDeliveryMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists the types of events that can be subscribed to, by name. Those that
     * the operator allows by a group, such as `invoice.*`, have no names to be
     * listed.
     * </pre>
     */
    public com.bookora.webhooks.v1.ListEventTypesResponse listEventTypes(com.bookora.webhooks.v1.ListEventTypesRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListEventTypesMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do ListenableFuture-style rpc calls to service EndpointAdmin.
   * <pre>
   * Manages endpoints and their secrets, and sends again what did not arrive.
   * Where the service asks for credentials, callers need the role `admin`, for
   * every account that a request names; `-` is for those whose credentials are
   * good for all accounts. This is checked before anything else.
   * Errors of every RPC then: UNAUTHENTICATED (`CREDENTIALS_MISSING`,
   * `CREDENTIALS_INVALID`), PERMISSION_DENIED (`PERMISSION_DENIED`: the answer is
   * the same whether or not what is asked about exists).
   * A request to an endpoint is under way, as it is called here, from when it is
   * made ready: where the endpoint acknowledges quickly, about a quarter of a
   * second before it is sent. It is sent as the endpoint was then, whatever was
   * changed since.
   * Errors of every RPC here, beside its own: INVALID_ARGUMENT
   * (`INVALID_FIELDS`), UNAVAILABLE (`OVERLOADED`, `STORE_UNAVAILABLE`,
   * `SERVER_DRAINING`), RESOURCE_EXHAUSTED (`STORE_FULL`), INTERNAL
   * (`INTERNAL`).
   * buf:lint:ignore SERVICE_SUFFIX the name was given before this contract and its callers use it
   * </pre>
   */
  public static final class EndpointAdminFutureStub
      extends io.grpc.stub.AbstractFutureStub<EndpointAdminFutureStub> {
    private EndpointAdminFutureStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected EndpointAdminFutureStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new EndpointAdminFutureStub(channel, callOptions);
    }

    /**
     * <pre>
     * Registers an endpoint. It is ACTIVE at once: events published after this
     * call answered are sent to it.
     * Errors: ALREADY_EXISTS (`REQUEST_ID_REUSED`), RESOURCE_EXHAUSTED
     * (`QUOTA_EXCEEDED`: an account holds at most 1,000 endpoints).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.bookora.webhooks.v1.CreateEndpointResponse> createEndpoint(
        com.bookora.webhooks.v1.CreateEndpointRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getCreateEndpointMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Reads one endpoint.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.bookora.webhooks.v1.GetEndpointResponse> getEndpoint(
        com.bookora.webhooks.v1.GetEndpointRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetEndpointMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Lists the endpoints of an account, newest first.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.bookora.webhooks.v1.ListEndpointsResponse> listEndpoints(
        com.bookora.webhooks.v1.ListEndpointsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListEndpointsMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Changes the fields that the mask names (AIP-134). What is already on its
     * way keeps its bytes, and goes to the new URL from its next attempt on. An
     * endpoint that is DISABLED or SUSPENDED stays so.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`), ABORTED (`ETAG_MISMATCH`).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.bookora.webhooks.v1.UpdateEndpointResponse> updateEndpoint(
        com.bookora.webhooks.v1.UpdateEndpointRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getUpdateEndpointMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Deletes an endpoint and its secrets. Its open deliveries end CANCELLED;
     * what became of the deliveries stays readable.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`, unless `allow_missing`), ABORTED
     * (`ETAG_MISMATCH`).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.bookora.webhooks.v1.DeleteEndpointResponse> deleteEndpoint(
        com.bookora.webhooks.v1.DeleteEndpointRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getDeleteEndpointMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Makes an endpoint ACTIVE again that was DISABLED or SUSPENDED. What was
     * cancelled while it was off stays cancelled until RecoverEndpoint brings it
     * back. An endpoint that is ACTIVE is left as it is.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.bookora.webhooks.v1.EnableEndpointResponse> enableEndpoint(
        com.bookora.webhooks.v1.EnableEndpointRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getEnableEndpointMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Makes an endpoint DISABLED: from the answer on nothing more is sent to
     * it, and its open deliveries have ended CANCELLED with the reason. A
     * request that was under way may still arrive. An endpoint that is DISABLED
     * gets the new reason.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.bookora.webhooks.v1.DisableEndpointResponse> disableEndpoint(
        com.bookora.webhooks.v1.DisableEndpointRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getDisableEndpointMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Returns the endpoint's current secret: during the overlap of a rotation
     * the new one. Beside CreateEndpoint and RotateEndpointSecret the only RPC
     * that returns key material.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.bookora.webhooks.v1.GetEndpointSecretResponse> getEndpointSecret(
        com.bookora.webhooks.v1.GetEndpointSecretRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetEndpointSecretMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Replaces the endpoint's secret. From the answer on every new attempt is
     * signed with the new secret (`X-Bookora-Signature`) and, until the overlap
     * ends, also with the old one (`X-Bookora-Signature-Previous`);
     * `webhook-signature` carries both, the new one first. A receiver that holds
     * one of them and looks at one header still gets everything: during the
     * overlap, an answer of 401 or 403 makes the next attempt of that delivery
     * swap the two signatures in the headers, and another swaps them back. An
     * attempt that was under way may still arrive as it was signed.
     * The endpoint's etag changes. An endpoint that is not ACTIVE can be given a
     * new secret too.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`), FAILED_PRECONDITION
     * (`ROTATION_IN_PROGRESS`: the overlap of the rotation before lasts),
     * ALREADY_EXISTS (`REQUEST_ID_REUSED`).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.bookora.webhooks.v1.RotateEndpointSecretResponse> rotateEndpointSecret(
        com.bookora.webhooks.v1.RotateEndpointSecretRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getRotateEndpointSecretMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Ends an old secret before its overlap does: from the answer on no new
     * attempt is signed with it. An attempt that was under way may still arrive
     * as it was signed. The endpoint's etag changes.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`, `SECRET_NOT_FOUND`),
     * FAILED_PRECONDITION (`SECRET_IN_USE`: it is the current secret; call
     * RotateEndpointSecret with an `overlap` of 0 instead).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.bookora.webhooks.v1.RevokeEndpointSecretResponse> revokeEndpointSecret(
        com.bookora.webhooks.v1.RevokeEndpointSecretRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getRevokeEndpointSecretMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Sends one sample event to an endpoint now, signed like any other, and
     * answers with the attempt. It is made once, not retried, and not stored as
     * a delivery; it may be made to an endpoint that is not ACTIVE. A receiver
     * that refuses it or does not answer is no error: the attempt's outcome
     * tells.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`), UNAVAILABLE (`OVERLOADED`: more
     * than 32 tests are under way).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.bookora.webhooks.v1.TestEndpointResponse> testEndpoint(
        com.bookora.webhooks.v1.TestEndpointRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getTestEndpointMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Sends a closed delivery again: the same delivery and bytes, with a retry
     * schedule from its beginning, due now. It becomes PENDING; its attempts are
     * counted on.
     * Errors: NOT_FOUND (`DELIVERY_NOT_FOUND`; `ENDPOINT_NOT_FOUND`: its
     * endpoint was deleted), FAILED_PRECONDITION (`DELIVERY_OPEN`,
     * `ENDPOINT_DISABLED`), ALREADY_EXISTS (`REQUEST_ID_REUSED`).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.bookora.webhooks.v1.ResendDeliveryResponse> resendDelivery(
        com.bookora.webhooks.v1.ResendDeliveryRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getResendDeliveryMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Brings back to an endpoint what did not arrive in a range of time, after an
     * outage of its receiver for example: closed deliveries are sent again as
     * ResendDelivery does, and missed events get a delivery.
     * The answer comes before anything is sent. The work goes on in the
     * background in small steps, oldest first, and survives a restart of the
     * service; the deliveries show how far it has come. It ends early when the
     * endpoint is disabled or deleted.
     * Errors: NOT_FOUND (`ENDPOINT_NOT_FOUND`), FAILED_PRECONDITION
     * (`ENDPOINT_DISABLED`; `RECOVERY_IN_PROGRESS`: one at a time for each
     * endpoint), ALREADY_EXISTS (`REQUEST_ID_REUSED`).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.bookora.webhooks.v1.RecoverEndpointResponse> recoverEndpoint(
        com.bookora.webhooks.v1.RecoverEndpointRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getRecoverEndpointMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Cancels an open delivery: nothing more is sent, and it ends CANCELLED. A
     * request that was under way may still arrive, but changes nothing any more.
     * A delivery that is CANCELLED is left as it is.
     * Errors: NOT_FOUND (`DELIVERY_NOT_FOUND`), FAILED_PRECONDITION
     * (`DELIVERY_CLOSED`: it is SUCCEEDED or FAILED).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.bookora.webhooks.v1.CancelDeliveryResponse> cancelDelivery(
        com.bookora.webhooks.v1.CancelDeliveryRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getCancelDeliveryMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Lists the types of events that can be subscribed to, by name. Those that
     * the operator allows by a group, such as `invoice.*`, have no names to be
     * listed.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.bookora.webhooks.v1.ListEventTypesResponse> listEventTypes(
        com.bookora.webhooks.v1.ListEventTypesRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListEventTypesMethod(), getCallOptions()), request);
    }
  }

  private static final int METHODID_CREATE_ENDPOINT = 0;
  private static final int METHODID_GET_ENDPOINT = 1;
  private static final int METHODID_LIST_ENDPOINTS = 2;
  private static final int METHODID_UPDATE_ENDPOINT = 3;
  private static final int METHODID_DELETE_ENDPOINT = 4;
  private static final int METHODID_ENABLE_ENDPOINT = 5;
  private static final int METHODID_DISABLE_ENDPOINT = 6;
  private static final int METHODID_GET_ENDPOINT_SECRET = 7;
  private static final int METHODID_ROTATE_ENDPOINT_SECRET = 8;
  private static final int METHODID_REVOKE_ENDPOINT_SECRET = 9;
  private static final int METHODID_TEST_ENDPOINT = 10;
  private static final int METHODID_RESEND_DELIVERY = 11;
  private static final int METHODID_RECOVER_ENDPOINT = 12;
  private static final int METHODID_CANCEL_DELIVERY = 13;
  private static final int METHODID_LIST_EVENT_TYPES = 14;

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
        case METHODID_CREATE_ENDPOINT:
          serviceImpl.createEndpoint((com.bookora.webhooks.v1.CreateEndpointRequest) request,
              (io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.CreateEndpointResponse>) responseObserver);
          break;
        case METHODID_GET_ENDPOINT:
          serviceImpl.getEndpoint((com.bookora.webhooks.v1.GetEndpointRequest) request,
              (io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.GetEndpointResponse>) responseObserver);
          break;
        case METHODID_LIST_ENDPOINTS:
          serviceImpl.listEndpoints((com.bookora.webhooks.v1.ListEndpointsRequest) request,
              (io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.ListEndpointsResponse>) responseObserver);
          break;
        case METHODID_UPDATE_ENDPOINT:
          serviceImpl.updateEndpoint((com.bookora.webhooks.v1.UpdateEndpointRequest) request,
              (io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.UpdateEndpointResponse>) responseObserver);
          break;
        case METHODID_DELETE_ENDPOINT:
          serviceImpl.deleteEndpoint((com.bookora.webhooks.v1.DeleteEndpointRequest) request,
              (io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.DeleteEndpointResponse>) responseObserver);
          break;
        case METHODID_ENABLE_ENDPOINT:
          serviceImpl.enableEndpoint((com.bookora.webhooks.v1.EnableEndpointRequest) request,
              (io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.EnableEndpointResponse>) responseObserver);
          break;
        case METHODID_DISABLE_ENDPOINT:
          serviceImpl.disableEndpoint((com.bookora.webhooks.v1.DisableEndpointRequest) request,
              (io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.DisableEndpointResponse>) responseObserver);
          break;
        case METHODID_GET_ENDPOINT_SECRET:
          serviceImpl.getEndpointSecret((com.bookora.webhooks.v1.GetEndpointSecretRequest) request,
              (io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.GetEndpointSecretResponse>) responseObserver);
          break;
        case METHODID_ROTATE_ENDPOINT_SECRET:
          serviceImpl.rotateEndpointSecret((com.bookora.webhooks.v1.RotateEndpointSecretRequest) request,
              (io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.RotateEndpointSecretResponse>) responseObserver);
          break;
        case METHODID_REVOKE_ENDPOINT_SECRET:
          serviceImpl.revokeEndpointSecret((com.bookora.webhooks.v1.RevokeEndpointSecretRequest) request,
              (io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.RevokeEndpointSecretResponse>) responseObserver);
          break;
        case METHODID_TEST_ENDPOINT:
          serviceImpl.testEndpoint((com.bookora.webhooks.v1.TestEndpointRequest) request,
              (io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.TestEndpointResponse>) responseObserver);
          break;
        case METHODID_RESEND_DELIVERY:
          serviceImpl.resendDelivery((com.bookora.webhooks.v1.ResendDeliveryRequest) request,
              (io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.ResendDeliveryResponse>) responseObserver);
          break;
        case METHODID_RECOVER_ENDPOINT:
          serviceImpl.recoverEndpoint((com.bookora.webhooks.v1.RecoverEndpointRequest) request,
              (io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.RecoverEndpointResponse>) responseObserver);
          break;
        case METHODID_CANCEL_DELIVERY:
          serviceImpl.cancelDelivery((com.bookora.webhooks.v1.CancelDeliveryRequest) request,
              (io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.CancelDeliveryResponse>) responseObserver);
          break;
        case METHODID_LIST_EVENT_TYPES:
          serviceImpl.listEventTypes((com.bookora.webhooks.v1.ListEventTypesRequest) request,
              (io.grpc.stub.StreamObserver<com.bookora.webhooks.v1.ListEventTypesResponse>) responseObserver);
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
          getCreateEndpointMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.bookora.webhooks.v1.CreateEndpointRequest,
              com.bookora.webhooks.v1.CreateEndpointResponse>(
                service, METHODID_CREATE_ENDPOINT)))
        .addMethod(
          getGetEndpointMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.bookora.webhooks.v1.GetEndpointRequest,
              com.bookora.webhooks.v1.GetEndpointResponse>(
                service, METHODID_GET_ENDPOINT)))
        .addMethod(
          getListEndpointsMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.bookora.webhooks.v1.ListEndpointsRequest,
              com.bookora.webhooks.v1.ListEndpointsResponse>(
                service, METHODID_LIST_ENDPOINTS)))
        .addMethod(
          getUpdateEndpointMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.bookora.webhooks.v1.UpdateEndpointRequest,
              com.bookora.webhooks.v1.UpdateEndpointResponse>(
                service, METHODID_UPDATE_ENDPOINT)))
        .addMethod(
          getDeleteEndpointMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.bookora.webhooks.v1.DeleteEndpointRequest,
              com.bookora.webhooks.v1.DeleteEndpointResponse>(
                service, METHODID_DELETE_ENDPOINT)))
        .addMethod(
          getEnableEndpointMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.bookora.webhooks.v1.EnableEndpointRequest,
              com.bookora.webhooks.v1.EnableEndpointResponse>(
                service, METHODID_ENABLE_ENDPOINT)))
        .addMethod(
          getDisableEndpointMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.bookora.webhooks.v1.DisableEndpointRequest,
              com.bookora.webhooks.v1.DisableEndpointResponse>(
                service, METHODID_DISABLE_ENDPOINT)))
        .addMethod(
          getGetEndpointSecretMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.bookora.webhooks.v1.GetEndpointSecretRequest,
              com.bookora.webhooks.v1.GetEndpointSecretResponse>(
                service, METHODID_GET_ENDPOINT_SECRET)))
        .addMethod(
          getRotateEndpointSecretMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.bookora.webhooks.v1.RotateEndpointSecretRequest,
              com.bookora.webhooks.v1.RotateEndpointSecretResponse>(
                service, METHODID_ROTATE_ENDPOINT_SECRET)))
        .addMethod(
          getRevokeEndpointSecretMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.bookora.webhooks.v1.RevokeEndpointSecretRequest,
              com.bookora.webhooks.v1.RevokeEndpointSecretResponse>(
                service, METHODID_REVOKE_ENDPOINT_SECRET)))
        .addMethod(
          getTestEndpointMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.bookora.webhooks.v1.TestEndpointRequest,
              com.bookora.webhooks.v1.TestEndpointResponse>(
                service, METHODID_TEST_ENDPOINT)))
        .addMethod(
          getResendDeliveryMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.bookora.webhooks.v1.ResendDeliveryRequest,
              com.bookora.webhooks.v1.ResendDeliveryResponse>(
                service, METHODID_RESEND_DELIVERY)))
        .addMethod(
          getRecoverEndpointMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.bookora.webhooks.v1.RecoverEndpointRequest,
              com.bookora.webhooks.v1.RecoverEndpointResponse>(
                service, METHODID_RECOVER_ENDPOINT)))
        .addMethod(
          getCancelDeliveryMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.bookora.webhooks.v1.CancelDeliveryRequest,
              com.bookora.webhooks.v1.CancelDeliveryResponse>(
                service, METHODID_CANCEL_DELIVERY)))
        .addMethod(
          getListEventTypesMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.bookora.webhooks.v1.ListEventTypesRequest,
              com.bookora.webhooks.v1.ListEventTypesResponse>(
                service, METHODID_LIST_EVENT_TYPES)))
        .build();
  }

  private static abstract class EndpointAdminBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoFileDescriptorSupplier, io.grpc.protobuf.ProtoServiceDescriptorSupplier {
    EndpointAdminBaseDescriptorSupplier() {}

    @java.lang.Override
    public com.google.protobuf.Descriptors.FileDescriptor getFileDescriptor() {
      return com.bookora.webhooks.v1.EndpointAdminProto.getDescriptor();
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.ServiceDescriptor getServiceDescriptor() {
      return getFileDescriptor().findServiceByName("EndpointAdmin");
    }
  }

  private static final class EndpointAdminFileDescriptorSupplier
      extends EndpointAdminBaseDescriptorSupplier {
    EndpointAdminFileDescriptorSupplier() {}
  }

  private static final class EndpointAdminMethodDescriptorSupplier
      extends EndpointAdminBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoMethodDescriptorSupplier {
    private final java.lang.String methodName;

    EndpointAdminMethodDescriptorSupplier(java.lang.String methodName) {
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
      synchronized (EndpointAdminGrpc.class) {
        result = serviceDescriptor;
        if (result == null) {
          serviceDescriptor = result = io.grpc.ServiceDescriptor.newBuilder(SERVICE_NAME)
              .setSchemaDescriptor(new EndpointAdminFileDescriptorSupplier())
              .addMethod(getCreateEndpointMethod())
              .addMethod(getGetEndpointMethod())
              .addMethod(getListEndpointsMethod())
              .addMethod(getUpdateEndpointMethod())
              .addMethod(getDeleteEndpointMethod())
              .addMethod(getEnableEndpointMethod())
              .addMethod(getDisableEndpointMethod())
              .addMethod(getGetEndpointSecretMethod())
              .addMethod(getRotateEndpointSecretMethod())
              .addMethod(getRevokeEndpointSecretMethod())
              .addMethod(getTestEndpointMethod())
              .addMethod(getResendDeliveryMethod())
              .addMethod(getRecoverEndpointMethod())
              .addMethod(getCancelDeliveryMethod())
              .addMethod(getListEventTypesMethod())
              .build();
        }
      }
    }
    return result;
  }
}
