package com.bookora.webhooks.stage;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.bookora.webhooks.receiver.Event;
import com.bookora.webhooks.receiver.Verifier;
import com.bookora.webhooks.receiver.WebhookException;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A receiver of webhooks that verifies what it gets by the SDK; it answers 204 to what verifies.
 */
public final class Hooks implements AutoCloseable {
  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Map<String, Event> events = new HashMap<>();
  private final List<WebhookException> refused = new ArrayList<>();

  /** Until it holds a secret it refuses everything. */
  private Verifier verifier = Verifier.of("no-secret-of-any-endpoint");

  private int status = 204;

  private Hooks(HttpServer server) {
    this.server = server;
  }

  /** Begins to receive. */
  public static Hooks start() throws IOException {
    var loopback = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    var hooks = new Hooks(HttpServer.create(loopback, 0));
    hooks.server.createContext("/hooks", hooks::receive);
    hooks.server.setExecutor(hooks.threads);
    hooks.server.start();
    return hooks;
  }

  /** Where it receives. */
  public String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort() + "/hooks";
  }

  /** Sets the secrets that are held. */
  public synchronized void hold(String... secrets) {
    verifier = Verifier.of(secrets);
  }

  /** Sets the status of the answer to what verifies. */
  public synchronized void answer(int status) {
    this.status = status;
  }

  private void receive(HttpExchange exchange) throws IOException {
    try (exchange) {
      exchange.sendResponseHeaders(take(exchange), -1);
    }
  }

  private synchronized int take(HttpExchange exchange) {
    try {
      var event = verifier.verify(exchange.getRequestBody(), exchange.getRequestHeaders());
      events.put(event.id(), event);
      notifyAll();
      return status;
    } catch (WebhookException refusal) {
      refused.add(refusal);
      return refusal.httpStatus();
    }
  }

  /** Waits for an event that verified, and gives its body. */
  public synchronized String await(String eventId) throws InterruptedException {
    var late = System.nanoTime() + Service.PATIENCE.toNanos();
    while (!events.containsKey(eventId)) {
      if (System.nanoTime() > late) {
        throw new AssertionError(eventId + " did not arrive; refused were " + refused);
      }
      wait(1_000);
    }
    return new String(events.get(eventId).raw(), UTF_8);
  }

  /** Why what did not verify did not. */
  public synchronized List<WebhookException> refused() {
    return List.copyOf(refused);
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
