package com.bookora.webhooks;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannelBuilder;
import io.grpc.ManagedChannelRegistry.ProviderNotFoundException;
import io.grpc.Metadata;
import io.grpc.TlsChannelCredentials;
import io.grpc.stub.MetadataUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Settings of a {@link Client}. */
public final class ClientBuilder {
  private static final String USER_AGENT = "bookora-webhooks-sdk-java/" + Client.VERSION;

  /** What the service and proxies before it are asked no more often than. */
  private static final long KEEPALIVE_INTERVAL_SECONDS = 60;

  /** A batch may have 8 MiB; gRPC's default would leave larger calls than 1 MiB without retries. */
  private static final long RETRIED_BYTES_MAX = 9 << 20;

  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private final Address address;
  private String token = "";
  private String authorities;
  private String certificate;
  private String key;
  private Duration timeout;
  private Consumer<ManagedChannelBuilder<?>> changes = unchanged -> {};

  ClientBuilder(Address address) {
    this.address = address;
  }

  /**
   * Sends a token, as {@code bookora-webhooks token new} prints it, with every call. An empty one
   * sends none.
   *
   * @throws IllegalArgumentException where it has a character that no token has
   */
  public ClientBuilder token(String token) {
    if (!token.chars().allMatch(letter -> ' ' < letter && letter <= '~')) {
      throw new IllegalArgumentException(
          "the token has a space, a line end or another character that no token has");
    }
    this.token = token;
    return this;
  }

  /** Trusts the authorities in this PEM text instead of the system's. */
  public ClientBuilder caCertificates(String pem) {
    this.authorities = pem;
    return this;
  }

  /**
   * Shows this certificate to the service (mTLS); both texts are PEM, the key without a password.
   */
  public ClientBuilder clientCertificate(String certificate, String key) {
    this.certificate = certificate;
    this.key = key;
    return this;
  }

  /**
   * Sets how long a unary call may take, retries included, that has no deadline of its own; more
   * than 0. Default: 30 s. TestEndpoint, which waits for a receiver, has 45 s, or this where it is
   * longer.
   *
   * @throws IllegalArgumentException where it is not more than 0
   */
  public ClientBuilder timeout(Duration timeout) {
    if (timeout.isNegative() || timeout.isZero()) {
      throw new IllegalArgumentException("the timeout is not more than 0");
    }
    this.timeout = timeout;
    return this;
  }

  /**
   * Changes what grpc-java can do beside, such as interceptors and executors. It comes after the
   * SDK's own settings and takes their place where both set the same.
   */
  public ClientBuilder channel(Consumer<ManagedChannelBuilder<?>> changes) {
    this.changes = this.changes.andThen(changes);
    return this;
  }

  /**
   * Makes the client. Nothing is connected before its first call.
   *
   * @throws IllegalArgumentException for certificates that cannot be used, and for a token that
   *     would travel in the clear to a host that is not loopback
   */
  public Client build() {
    var config = ServiceConfig.published();
    var builder =
        newChannel()
            .defaultServiceConfig(config.retries())
            // What a name's TXT records say has not the figures that this SDK promises.
            .disableServiceConfigLookUp()
            .enableRetry()
            .perRpcBufferLimit(RETRIED_BYTES_MAX)
            .keepAliveTime(KEEPALIVE_INTERVAL_SECONDS, TimeUnit.SECONDS)
            .userAgent(USER_AGENT)
            .intercept(new Deadlines(config.timeouts(), timeout));
    if (!token.isEmpty()) {
      var headers = new Metadata();
      headers.put(AUTHORIZATION, "Bearer " + token);
      builder.intercept(MetadataUtils.newAttachHeadersInterceptor(headers));
    }
    changes.accept(builder);
    return new Client(new Connection(builder.build()));
  }

  private ManagedChannelBuilder<?> newChannel() {
    try {
      return Grpc.newChannelBuilder(address.target(), credentials());
    } catch (ProviderNotFoundException cause) {
      // gRPC takes credentials that it cannot read for those of another transport.
      throw new IllegalArgumentException(
          "the certificates or the key cannot be used: " + cause.getMessage(), cause);
    }
  }

  private ChannelCredentials credentials() {
    if (address.isTls()) {
      return tls();
    }
    if (authorities != null || certificate != null) {
      throw new IllegalArgumentException(
          "certificates are of no effect with http://: use https://");
    }
    if (!token.isEmpty() && !address.isLoopback()) {
      throw new IllegalArgumentException(
          "a token would travel in the clear to a host that is not loopback: use https://, or no"
              + " token");
    }
    return InsecureChannelCredentials.create();
  }

  private ChannelCredentials tls() {
    var tls = TlsChannelCredentials.newBuilder();
    try {
      if (authorities != null) {
        requireCertificate(authorities, "the CA certificates have none in PEM");
        tls.trustManager(stream(authorities));
      }
      if (certificate != null) {
        requireCertificate(certificate, "the client certificate has none in PEM");
        tls.keyManager(stream(certificate), stream(PrivateKeyPem.inPkcs8(key)));
      }
      return tls.build();
    } catch (IOException impossible) {
      throw new UncheckedIOException("a text in memory can be read", impossible);
    }
  }

  private static void requireCertificate(String pem, String otherwise) {
    if (!pem.contains("-----BEGIN CERTIFICATE-----")) {
      throw new IllegalArgumentException(otherwise);
    }
  }

  private static InputStream stream(String text) {
    return new ByteArrayInputStream(text.getBytes(UTF_8));
  }
}
