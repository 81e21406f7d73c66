package com.bookora.webhooks.usage;

import static com.bookora.webhooks.stage.Samples.booking;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.bookora.webhooks.Client;
import com.bookora.webhooks.stage.Checkout;
import com.bookora.webhooks.stage.Deliveries;
import com.bookora.webhooks.stage.OnStage;
import com.bookora.webhooks.stage.Programs;
import com.bookora.webhooks.v1.CreateEndpointRequest;
import com.bookora.webhooks.v1.Delivery;
import com.bookora.webhooks.v1.Endpoint;
import com.bookora.webhooks.v1.ResendDeliveryRequest;
import java.io.BufferedReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

/** examples/java, as its package is built. */
class ExampleReceiverTest extends OnStage {
  private static final String ACCOUNT = "acct_1";
  private static final String SECRET = "a-secret-of-the-receiver-1";

  @Test
  void itTakesRealDeliveriesOnceAndRefusesForgedOnes() throws Exception {
    var client = connect(startService());
    var output = startReceiver("another-secret-of-the-receiver " + SECRET);
    var port = Programs.nextLine(output).replaceAll(".*\\s", "");
    var url = "http://127.0.0.1:" + port + "/hooks";
    var endpoint = Endpoint.newBuilder().setAccountId(ACCOUNT).setUrl(url);
    client
        .endpointAdmin()
        .createEndpoint(
            CreateEndpointRequest.newBuilder().setEndpoint(endpoint).setSecret(SECRET).build());
    assertEquals(401, sendForged(url));

    var first = client.publish(booking(ACCOUNT, "bkg_1")).getEventId();
    var delivery = awaitSuccess(client, first);
    client
        .endpointAdmin()
        .resendDelivery(
            ResendDeliveryRequest.newBuilder()
                .setAccountId(ACCOUNT)
                .setDeliveryId(delivery.getDeliveryId())
                .build());
    assertEquals(2, awaitSuccess(client, first).getAttemptCount());
    var second = client.publish(booking(ACCOUNT, "bkg_2")).getEventId();
    for (var id : List.of(first, second)) {
      var line = Programs.nextLine(output);
      var said = "booking.created " + id + ": Zoë Baker has booked Massage for ";
      assertTrue(line.startsWith(said), line);
    }
  }

  private BufferedReader startReceiver(String secrets) throws Exception {
    var jar = Checkout.ROOT.resolve("examples/java/target/receiver.jar");
    var program = new ProcessBuilder(Programs.java(), "-jar", jar.toString());
    program.environment().put("BOOKORA_WEBHOOK_SECRET", secrets);
    program.environment().put("PORT", "0");
    program.redirectError(folder.resolve("receiver.log").toFile());
    var process = program.start();
    open(() -> process.destroyForcibly().onExit().join());
    return process.inputReader(UTF_8);
  }

  private static int sendForged(String url) throws Exception {
    var forged =
        HttpRequest.newBuilder(URI.create(url))
            .header("webhook-id", "evt_1")
            .header("webhook-timestamp", Long.toString(Instant.now().getEpochSecond()))
            .header("webhook-signature", "v1,AAAA")
            .POST(HttpRequest.BodyPublishers.ofString("{}"))
            .build();
    return HttpClient.newHttpClient().send(forged, BodyHandlers.discarding()).statusCode();
  }

  private static Delivery awaitSuccess(Client client, String eventId) {
    return Deliveries.awaitState(client, ACCOUNT, eventId, Delivery.State.STATE_SUCCEEDED);
  }
}
