package com.bookora.webhooks.stage;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;

/** The service's real program, on a database of its own. */
public final class Service implements AutoCloseable {
  /** How long a test waits for something that takes moments on a machine that is not busy. */
  public static final Duration PATIENCE = Duration.ofSeconds(30);

  private static final Pattern TOKEN = Pattern.compile("bwt_\\S+");

  private final Path folder;
  private final List<String> arguments;
  private String address = "127.0.0.1:0";
  private Process process;

  private Service(Path folder, List<String> arguments) {
    this.folder = folder;
    this.arguments = arguments;
  }

  /** Starts the program; the folder gets its database. */
  public static Service start(Path folder, String... arguments) throws Exception {
    var service = new Service(folder, List.of(arguments));
    service.restart();
    return service;
  }

  /** Its host and port, the same after a restart. */
  public String address() {
    return address;
  }

  /** Starts the program again after a kill, at the same address and with the same database. */
  public void restart() throws Exception {
    var command = new ArrayList<String>(List.of("serve", "--listen=" + address, "--allow-http"));
    command.add("--ops-listen=127.0.0.1:0");
    command.add("--allow-network=127.0.0.0/8");
    command.add("--database-url=sqlite://" + folder.resolve("service.db") + "?mode=rwc");
    command.addAll(arguments);
    process = program(command).redirectError(folder.resolve("service.log").toFile()).start();
    address = Programs.nextLine(process.inputReader(UTF_8)).replaceAll(".*\\s", "");
  }

  /** Ends the program at once (SIGKILL). */
  public void kill() {
    process.destroyForcibly().onExit().join();
  }

  @Override
  public void close() {
    kill();
  }

  /** Makes a token of these roles for all accounts, in a new or existing file of tokens. */
  public static String newToken(Path tokensFile, String... roles) throws Exception {
    var command = new ArrayList<String>(List.of("token", "new", "--all-accounts"));
    command.add("--name=" + String.join("-", roles));
    command.add("--tokens-file=" + tokensFile);
    Arrays.stream(roles).forEach(role -> command.add("--role=" + role));
    var said = Programs.output(program(command));
    var found = TOKEN.matcher(said);
    if (!found.find()) {
      throw new AssertionError("no token was made: " + said);
    }
    return found.group();
  }

  /** The text of one of the files that TLS is served with: server.pem, server.key, ca.pem. */
  public static String certificate(String name) throws IOException {
    return Files.readString(certificateFile(name));
  }

  /** One of the files that TLS is served with. */
  public static Path certificateFile(String name) {
    var folder = fromEnvironment("BOOKORA_TEST_CERTIFICATES", ".tools/certificates");
    return existing(folder.resolve(name), "make sdk-certificates");
  }

  private static ProcessBuilder program(List<String> arguments) {
    var file = fromEnvironment("BOOKORA_WEBHOOKS_PROGRAM", "target/debug/bookora-webhooks");
    var command = new ArrayList<String>();
    command.add(existing(file, "make build").toString());
    command.addAll(arguments);
    var builder = new ProcessBuilder(command);
    builder.environment().keySet().removeIf(variable -> variable.startsWith("BOOKORA_"));
    builder.environment().put("RUST_LOG", "warn");
    builder.environment().put("NO_PROXY", "127.0.0.1");
    builder.environment().put("no_proxy", "127.0.0.1");
    return builder;
  }

  /** Without the variable it is in the checkout. */
  private static Path fromEnvironment(String variable, String otherwise) {
    var chosen = System.getenv(variable);
    return chosen == null ? Checkout.ROOT.resolve(otherwise) : Path.of(chosen).toAbsolutePath();
  }

  private static Path existing(Path file, String command) {
    if (!Files.exists(file)) {
      throw new AssertionError(file + " is missing: run `" + command + "`");
    }
    return file;
  }
}
