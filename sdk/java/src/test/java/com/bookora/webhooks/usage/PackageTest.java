package com.bookora.webhooks.usage;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.bookora.webhooks.Client;
import com.bookora.webhooks.stage.Checkout;
import com.bookora.webhooks.stage.OnStage;
import com.bookora.webhooks.stage.Programs;
import com.bookora.webhooks.v1.GetEventRequest;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The package as it is published, used from a project of its own by README.md's lines. */
class PackageTest extends OnStage {
  private static final Path TARGET = Checkout.SDK.resolve("target");
  private static final String NAME = "bookora-webhooks-sdk-" + Client.VERSION;

  @Test
  void readmesLinesRunInAProjectOfTheirOwn() throws Exception {
    var service = startService();
    var publish = shown("publish").replace("127.0.0.1:50051", service.address());
    write("Caller", shown("imports"), "public static void main(String[] arguments)", publish);
    write(
        "Handler",
        """
        import com.bookora.webhooks.receiver.BookingCreated;
        import com.bookora.webhooks.receiver.Verifier;
        import com.bookora.webhooks.receiver.WebhookException;
        import java.util.List;
        import java.util.Map;
        """,
        "static int handle(List<String> secrets, byte[] body, Map<String, List<String>> headers)",
        shown("receive"));
    Files.copy(Checkout.SDK.resolve("src/test/projects/caller.xml"), folder.resolve("pom.xml"));
    var classpath = build();

    var eventId = java(classpath, "Caller").strip();
    var request = GetEventRequest.newBuilder().setAccountId("acct_1").setEventId(eventId).build();
    var event = connect(service).deliveryQuery().getEvent(request).getEvent();
    assertEquals("cus_1 created", event.getIdempotencyKey());

    // What a receiver loads is not more than this.
    var receivers =
        Arrays.stream(classpath.split(File.pathSeparator))
            .filter(jar -> !jar.matches(".*(grpc|protobuf|guava|gson|perfmark|google).*"))
            .collect(Collectors.joining(File.pathSeparator));
    assertTrue(receivers.contains(NAME) && receivers.contains("jackson-core"), receivers);
    var verify =
        """
        var secrets = List.of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        System.out.println(Handler.handle(secrets, new byte[0], Map.of()));
        """;
    write(
        "Receiver",
        "import java.util.List;\nimport java.util.Map;\n",
        "public static void main(String[] arguments)",
        verify);
    build();
    assertEquals("401", java(receivers, "Receiver").strip());
  }

  /** Writes a class with one method. */
  private void write(String name, String imports, String head, String body) throws Exception {
    var sources = Files.createDirectories(folder.resolve("src/main/java"));
    var text = "%s\nfinal class %s {\n  %s {\n%s  }\n}\n".formatted(imports, name, head, body);
    Files.writeString(sources.resolve(name + ".java"), text);
  }

  /** A block of README.md that is marked example=name. */
  private static String shown(String name) throws Exception {
    var readme = Files.readString(Checkout.SDK.resolve("README.md"));
    var found = Pattern.compile("(?s)```java example=" + name + "\n(.*?)```").matcher(readme);
    assertTrue(found.find(), "README.md has no block marked example=" + name);
    return found.group(1);
  }

  /** Builds the project without a network, and gives what it runs on. */
  private String build() throws Exception {
    var maven =
        new ProcessBuilder(
            "mvn",
            "--quiet",
            "--batch-mode",
            "--offline",
            "-Dmaven.repo.local=" + System.getProperty("bookora.maven.repository"),
            "--file=" + folder,
            "compile",
            "dependency:build-classpath");
    Programs.output(maven);
    return folder.resolve("target/classes")
        + File.pathSeparator
        + Files.readString(folder.resolve("target/classpath"), UTF_8).strip();
  }

  private static String java(String classpath, String main) throws Exception {
    return Programs.output(new ProcessBuilder(Programs.java(), "-cp", classpath, main));
  }

  @Test
  void thePackageHasSourcesAndDocumentation() throws Exception {
    expectEntries(
        NAME + ".jar",
        "com/bookora/webhooks/Client.class",
        "com/bookora/webhooks/service_config.json",
        "com/bookora/webhooks/v1/EventIngestGrpc.class");
    expectEntries(
        NAME + "-sources.jar",
        "com/bookora/webhooks/Client.java",
        "com/bookora/webhooks/v1/EventIngestGrpc.java");
    expectEntries(
        NAME + "-javadoc.jar",
        "com/bookora/webhooks/Client.html",
        "com/bookora/webhooks/receiver/Verifier.html");
  }

  private static void expectEntries(String name, String... entries) throws Exception {
    try (var jar = new JarFile(TARGET.resolve(name).toFile())) {
      for (var entry : entries) {
        assertTrue(jar.getEntry(entry) != null, name + " has no " + entry);
      }
    }
  }
}
