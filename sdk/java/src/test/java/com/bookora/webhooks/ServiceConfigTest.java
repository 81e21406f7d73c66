package com.bookora.webhooks;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.bookora.webhooks.stage.Checkout;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class ServiceConfigTest {
  @Test
  void theServiceConfigIsTheOneOfTheContract() throws IOException {
    var original = Checkout.ROOT.resolve("proto/bookora/webhooks/v1/service_config.json");
    try (var shipped = ServiceConfig.class.getResourceAsStream("service_config.json")) {
      assertArrayEquals(
          Files.readAllBytes(original), shipped.readAllBytes(), "`make generate-java` copies it");
    }
  }

  @Test
  void deadlinesAreThePublishedOnesUnlessAnotherIsChosen() {
    var config = ServiceConfig.published();
    assertFalse(config.retries().toString().contains("timeout"));
    assertTrue(config.retries().toString().contains("maxAttempts=4.0"));
    assertEquals(Duration.ofSeconds(30), timeout("EventIngest/PublishEvent", null));
    assertEquals(Duration.ofSeconds(30), timeout("DeliveryQuery/GetEvent", null));
    assertEquals(Duration.ofSeconds(45), timeout("EndpointAdmin/TestEndpoint", null));
    assertEquals(
        Duration.ofSeconds(45), timeout("EndpointAdmin/TestEndpoint", Duration.ofSeconds(1)));
    assertEquals(
        Duration.ofMinutes(1), timeout("EndpointAdmin/TestEndpoint", Duration.ofMinutes(1)));
    assertEquals(Duration.ofSeconds(1), timeout("EventIngest/PublishEvent", Duration.ofSeconds(1)));
    assertEquals(Duration.ofSeconds(30), timeout("EventIngest/Another", null));
  }

  private static Duration timeout(String method, Duration chosen) {
    var published = ServiceConfig.published().timeouts();
    return new Deadlines(published, chosen).of("bookora.webhooks.v1." + method);
  }
}
