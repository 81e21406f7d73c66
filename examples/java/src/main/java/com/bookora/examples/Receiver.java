package com.bookora.examples;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.bookora.webhooks.receiver.BookingCancelled;
import com.bookora.webhooks.receiver.BookingCreated;
import com.bookora.webhooks.receiver.Event;
import com.bookora.webhooks.receiver.Verifier;
import com.bookora.webhooks.receiver.WebhookException;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.Executors;

/**
 * A receiver of Bookora's webhooks, to be copied. It verifies each request, prints a line for each
 * event, and drops what it has had.
 *
 * <pre>{@code
 * mvn package
 * BOOKORA_WEBHOOK_SECRET='whsec_…' PORT=8080 java -jar target/receiver.jar
 * }</pre>
 *
 * <p>While a secret is being replaced, BOOKORA_WEBHOOK_SECRET has both, separated by a space.
 * Bookora sends to https only: put a server that speaks it before this one.
 */
final class Receiver {
  private static final int EVENTS_REMEMBERED = 10_000;

  /** Bookora sends several requests to an endpoint at once. */
  private static final int THREADS = 16;

  private final Verifier verifier;
  private final Memory seen = new Memory(EVENTS_REMEMBERED);

  private Receiver(Verifier verifier) {
    this.verifier = verifier;
  }

  public static void main(String[] arguments) throws IOException {
    // Slower than Bookora waits for an answer is too slow.
    System.setProperty("sun.net.httpserver.maxReqTime", "10");
    // Names are printed as they are, whatever the locale is.
    System.setOut(new PrintStream(System.out, true, UTF_8));
    var secrets = System.getenv().getOrDefault("BOOKORA_WEBHOOK_SECRET", "");
    if (secrets.isBlank()) {
      System.err.println("set BOOKORA_WEBHOOK_SECRET to the endpoint's secret");
      System.exit(1);
    }
    var receiver = new Receiver(Verifier.of(secrets.trim().split("\\s+")));
    var port = Integer.parseInt(System.getenv().getOrDefault("PORT", "8080"));
    var server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
    server.createContext("/hooks", receiver::handle);
    server.setExecutor(Executors.newFixedThreadPool(THREADS));
    server.start();
    System.out.println("receiving at /hooks on port " + server.getAddress().getPort());
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      if (exchange.getRequestMethod().equals("POST")) {
        receive(exchange);
      } else {
        answer(exchange, 405, "POST only");
      }
    }
  }

  private void receive(HttpExchange exchange) throws IOException {
    Event event;
    try {
      event = verifier.verify(exchange.getRequestBody(), exchange.getRequestHeaders());
    } catch (WebhookException refused) {
      System.err.println(refused.getMessage());
      answer(exchange, refused.httpStatus(), refused.getMessage());
      return;
    }
    // Store the event, answer within 5 seconds, and do the work afterwards.
    if (seen.isNew(event.id())) {
      System.out.println(describe(event));
    }
    exchange.sendResponseHeaders(204, -1);
  }

  private static void answer(HttpExchange exchange, int status, String text) throws IOException {
    var body = text.getBytes(UTF_8);
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
  }

  private static String describe(Event event) {
    var about = event.rawData();
    if (event.data() instanceof BookingCreated booking) {
      about =
          "%s has booked %s for %s"
              .formatted(booking.customerName(), booking.service(), booking.startTime());
    } else if (event.data() instanceof BookingCancelled booking) {
      about = "%s has cancelled %s".formatted(booking.customerName(), booking.service());
    }
    return "%s %s: %s".formatted(event.type(), event.id(), about);
  }
}
