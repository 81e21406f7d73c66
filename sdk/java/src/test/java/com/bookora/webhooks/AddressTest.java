package com.bookora.webhooks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class AddressTest {
  @Test
  void addressesAreReadWithTheirDefaults() {
    Map.of(
            "https://bookora.example", new Address("bookora.example", 443, true),
            "https://bookora.example:50051", new Address("bookora.example", 50051, true),
            "HTTPS://bookora.example", new Address("bookora.example", 443, true),
            "bookora.example:50051", new Address("bookora.example", 50051, true),
            "bookora_webhooks.default.svc:1", new Address("bookora_webhooks.default.svc", 1, true),
            "http://bookora.example", new Address("bookora.example", 80, false),
            "http://127.0.0.1:50051", new Address("127.0.0.1", 50051, false),
            "[::1]:50051", new Address("[::1]", 50051, true))
        .forEach((text, address) -> assertEquals(address, Address.read(text)));
    assertEquals("dns:///localhost:1", Address.read("localhost:1").target());
    assertEquals("dns:///%5B::1%5D:1", Address.read("[::1]:1").target());
  }

  @Test
  void addressesOfAnotherFormAreRefusedWithWhatIsAllowed() {
    for (var text :
        List.of(
            "",
            "https://",
            "ftp://bookora.example",
            "dns:///bookora.example",
            "unix:/run/bookora",
            "https://bookora.example/",
            "https://bookora.example/path",
            "bookora.example/path",
            "https://bookora.example?x",
            "https://bookora.example#x",
            "https://user:hunter2@bookora.example",
            "user:hunter2@bookora.example",
            "bookora.example:",
            "bookora.example:0",
            "bookora.example:65536",
            "bookora.example:http",
            "bookora.example:१",
            "::1",
            "[::1%25lo]:1",
            "[::1%lo]:1",
            "[bookora.example]:1",
            "[1.2.3.4]:1",
            "book ora:1",
            "bookora.example:1,other:1",
            "http://%41:1",
            "a\n:1")) {
      var refused = assertThrows(IllegalArgumentException.class, () -> Client.connect(text), text);
      assertTrue(refused.getMessage().contains("https://host:port"), text);
      assertFalse(refused.getMessage().contains("hunter2"), text);
    }
  }

  @Test
  void aTokenIsNotSentInTheClearToAnotherMachine() {
    for (var taken :
        List.of(
            "http://127.0.0.1:1",
            "http://127.8.8.8:1",
            "http://localhost:1",
            "http://[::1]:1",
            "https://bookora.example",
            "bookora.example:1")) {
      Client.builder(taken).token("bwt_secret").build().close();
    }
    for (var refused :
        List.of(
            "http://bookora.example:1",
            "http://10.0.0.1:1",
            "http://localhost.example:1",
            "http://127.0.0.1.example:1")) {
      var error =
          assertThrows(
              IllegalArgumentException.class,
              () -> Client.builder(refused).token("bwt_secret").build(),
              refused);
      assertFalse(error.getMessage().contains("bwt_secret"));
    }
  }

  @Test
  void settingsThatCannotWorkAreRefused() {
    var builder = Client.builder("bookora.example");
    for (Executable setting :
        List.<Executable>of(
            () -> builder.token("bwt_1\n"),
            () -> builder.timeout(Duration.ZERO),
            () -> Client.builder("bookora.example").caCertificates("none").build(),
            () ->
                Client.builder("bookora.example")
                    .caCertificates(
                        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
                    .build(),
            () -> Client.builder("bookora.example").clientCertificate("", "").build(),
            () -> Client.builder("http://127.0.0.1:1").caCertificates("any").build())) {
      assertThrows(IllegalArgumentException.class, setting);
    }
  }
}
