package com.bookora.webhooks.stage;

import com.bookora.webhooks.Client;
import com.bookora.webhooks.ClientBuilder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;

/** A test that plays with the service's real program; what it opens is closed when it ends. */
public abstract class OnStage {
  /** For this test alone. */
  @TempDir protected Path folder;

  private final Deque<AutoCloseable> opened = new ArrayDeque<>();

  /** Closes it when the test ends, before what was opened earlier. */
  protected <T extends AutoCloseable> T open(T closeable) {
    opened.push(closeable);
    return closeable;
  }

  @AfterEach
  final void closeAll() throws Exception {
    while (!opened.isEmpty()) {
      opened.pop().close();
    }
  }

  protected Service startService(String... arguments) throws Exception {
    return open(Service.start(Files.createTempDirectory(folder, "service"), arguments));
  }

  /** A client of a service without TLS. */
  protected Client connect(Service service) {
    return open(Client.connect("http://" + service.address()));
  }

  protected Hooks startHooks() throws Exception {
    return open(Hooks.start());
  }

  /** Starts a service that asks for TLS and tokens. */
  protected Secured startSecured(String... arguments) throws Exception {
    var tokens = folder.resolve("tokens.toml");
    var token = Service.newToken(tokens, "admin", "publisher", "viewer");
    var viewer = Service.newToken(tokens, "viewer");
    var all = new String[arguments.length + 3];
    System.arraycopy(arguments, 0, all, 3, arguments.length);
    all[0] = "--tokens-file=" + tokens;
    all[1] = "--tls-cert=" + Service.certificateFile("server.pem");
    all[2] = "--tls-key=" + Service.certificateFile("server.key");
    return new Secured(startService(all), token, viewer);
  }

  /**
   * A service that asks for TLS and tokens.
   *
   * @param token of who may do everything
   * @param viewer the token of who may look
   */
  protected record Secured(Service service, String token, String viewer) {
    /** A client that trusts the service. */
    public ClientBuilder client(String token) throws Exception {
      return Client.builder("https://" + service.address())
          .caCertificates(Service.certificate("ca.pem"))
          .token(token);
    }
  }
}
