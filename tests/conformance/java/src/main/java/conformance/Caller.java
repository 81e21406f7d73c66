package conformance;

import com.google.gson.Gson;
import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.TlsChannelCredentials;
import io.grpc.stub.MetadataUtils;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A caller of the service: a channel that retries. */
final class Caller {
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private Caller() {}

  /** One channel for the whole process: it is shared by all threads and reconnects by itself. */
  static ManagedChannel connect(String target, Path serviceConfig, String caFile, String token)
      throws IOException {
    ChannelCredentials credentials = InsecureChannelCredentials.create();
    if (caFile != null) {
      credentials = TlsChannelCredentials.newBuilder().trustManager(new File(caFile)).build();
    }
    Map<String, ?> config = new Gson().fromJson(Files.readString(serviceConfig), Map.class);
    var channel = Grpc.newChannelBuilder(target, credentials)
        .defaultServiceConfig(config)
        .enableRetry()
        .keepAliveTime(60, TimeUnit.SECONDS);
    if (token != null) {
      var headers = new Metadata();
      headers.put(AUTHORIZATION, "Bearer " + token);
      channel.intercept(MetadataUtils.newAttachHeadersInterceptor(headers));
    }
    return channel.build();
  }
}
