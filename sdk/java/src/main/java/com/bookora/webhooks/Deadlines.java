package com.bookora.webhooks;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.Context;
import io.grpc.MethodDescriptor;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Gives a deadline to every unary call that has none, and compresses its request unless the caller
 * chose something else. Streams are left as they are: a watch is meant to stay, and messages that
 * come one by one are small.
 */
final class Deadlines implements ClientInterceptor {
  /** Longer than the one for all others: the caller's choice makes it longer, never shorter. */
  private static final String TEST_ENDPOINT = "bookora.webhooks.v1.EndpointAdmin/TestEndpoint";

  /** Of a method that the published config has nothing about, such as one of another service. */
  private static final Duration TIMEOUT_DEFAULT = Duration.ofSeconds(30);

  private final Map<String, Duration> published;

  /** In place of the published one; null for none. */
  private final Duration chosen;

  Deadlines(Map<String, Duration> published, Duration chosen) {
    this.published = published;
    this.chosen = chosen;
  }

  Duration of(String method) {
    var service = method.substring(0, method.lastIndexOf('/') + 1);
    var timeout = published.getOrDefault(method, published.getOrDefault(service, TIMEOUT_DEFAULT));
    if (chosen == null) {
      return timeout;
    }
    return method.equals(TEST_ENDPOINT) && timeout.compareTo(chosen) > 0 ? timeout : chosen;
  }

  @Override
  public <Q, R> ClientCall<Q, R> interceptCall(
      MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
    if (method.getType() != MethodDescriptor.MethodType.UNARY) {
      return next.newCall(method, options);
    }
    var limited = options;
    if (options.getDeadline() == null && Context.current().getDeadline() == null) {
      var timeout = of(method.getFullMethodName());
      limited = limited.withDeadlineAfter(timeout.toNanos(), TimeUnit.NANOSECONDS);
    }
    if (options.getCompressor() == null) {
      limited = limited.withCompression("gzip");
    }
    return next.newCall(method, limited);
  }
}
