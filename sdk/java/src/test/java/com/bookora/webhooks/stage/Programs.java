package com.bookora.webhooks.stage;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Runs other programs. */
public final class Programs {
  private Programs() {}

  /** The Java that runs the tests. */
  public static String java() {
    return Path.of(System.getProperty("java.home"), "bin", "java").toString();
  }

  /** What a program prints, which ends by itself and well. */
  public static String output(ProcessBuilder program) throws Exception {
    var process = program.redirectErrorStream(true).start();
    try (var output = process.inputReader(UTF_8)) {
      var printed = new StringBuilder();
      output.lines().forEach(line -> printed.append(line).append('\n'));
      assertEquals(0, process.waitFor(), () -> program.command() + ":\n" + printed);
      return printed.toString();
    } finally {
      process.destroyForcibly();
    }
  }

  /** The next line that a program prints. */
  public static String nextLine(BufferedReader output) throws Exception {
    var reading =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return output.readLine();
              } catch (IOException cut) {
                return null;
              }
            },
            task -> daemon(task).start());
    String line;
    try {
      line = reading.get(Service.PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } catch (TimeoutException | ExecutionException late) {
      throw new AssertionError("the program prints nothing", late);
    }
    if (line == null) {
      throw new AssertionError("the program has ended");
    }
    return line;
  }

  private static Thread daemon(Runnable task) {
    var thread = new Thread(task, "reader of a program");
    thread.setDaemon(true);
    return thread;
  }
}
