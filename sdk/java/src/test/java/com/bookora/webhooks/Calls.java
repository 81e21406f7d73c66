package com.bookora.webhooks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.bookora.webhooks.v1.DeliveryQueryGrpc;
import com.bookora.webhooks.v1.EndpointAdminGrpc;
import com.bookora.webhooks.v1.EventIngestGrpc;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.MethodDescriptor;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.stream.Stream;

/** Has the full name of every RPC that a client called. */
final class Calls implements ClientInterceptor {
  private final Set<String> called = new ConcurrentSkipListSet<>();

  @Override
  public <Q, R> ClientCall<Q, R> interceptCall(
      MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
    called.add(method.getFullMethodName());
    return next.newCall(method, options);
  }

  /** Fails for an RPC of the contract that was not called. */
  void expectAll() {
    var all = new TreeSet<String>();
    Stream.of(
            EventIngestGrpc.getServiceDescriptor(),
            EndpointAdminGrpc.getServiceDescriptor(),
            DeliveryQueryGrpc.getServiceDescriptor())
        .flatMap(service -> service.getMethods().stream())
        .forEach(method -> all.add(method.getFullMethodName()));
    assertEquals(all, called);
    assertTrue(all.size() >= 20, "the contract has more RPCs");
  }
}
