package com.bookora.webhooks;

import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.util.Locale;
import java.util.regex.Pattern;

/** Where the service is. */
record Address(String host, int port, boolean isTls) {
  private static final String ALLOWED =
      "allowed are https://host:port or host:port (TLS), and http://host:port (in the clear)";

  private static final Pattern PARTS =
      Pattern.compile("(?:(?<scheme>[^:/]*)://)?(?<rest>.*)", Pattern.DOTALL);
  private static final Pattern HOST_AND_PORT =
      Pattern.compile("(?<host>\\[[^\\]]*\\]|[^:]*)(?::(?<port>.*))?", Pattern.DOTALL);

  /** A name as DNS has it, with the underscores of service names within a cluster. */
  private static final Pattern NAME =
      Pattern.compile("[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?\\.?");

  private static final Pattern IPV6_IN_BRACKETS = Pattern.compile("\\[[0-9A-Fa-f:.]+\\]");
  private static final Pattern LOOPBACK_V4 =
      Pattern.compile("127(\\.(0|[1-9]\\d?|1\\d\\d|2[0-4]\\d|25[0-5])){3}");
  private static final Pattern PORT = Pattern.compile("\\d{1,5}");

  static Address read(String text) {
    var parts = PARTS.matcher(text);
    // Whatever the text is, it has a rest.
    parts.matches();
    var scheme =
        parts.group("scheme") == null ? "https" : parts.group("scheme").toLowerCase(Locale.ROOT);
    if (!scheme.equals("https") && !scheme.equals("http")) {
      throw refuse(text, "has another scheme");
    }
    var rest = parts.group("rest");
    if (rest.contains("@")) {
      throw refuse(text, "has user information");
    }
    if (rest.matches("(?s).*[/?#].*")) {
      throw refuse(text, "has more than host and port");
    }
    var hostAndPort = HOST_AND_PORT.matcher(rest);
    if (!hostAndPort.matches() || !isHost(hostAndPort.group("host"))) {
      throw refuse(text, "has no host that can be looked up");
    }
    var isTls = scheme.equals("https");
    var port = hostAndPort.group("port");
    return new Address(
        hostAndPort.group("host"), port == null ? isTls ? 443 : 80 : readPort(text, port), isTls);
  }

  private static int readPort(String text, String port) {
    if (port.isEmpty()) {
      throw refuse(text, "has a colon and no port");
    }
    var number = PORT.matcher(port).matches() ? Integer.parseInt(port) : 0;
    if (number < 1 || number > 65_535) {
      throw refuse(text, "has a port that is not 1-65535");
    }
    return number;
  }

  private static boolean isHost(String host) {
    return host.startsWith("[") ? ipv6(host) != null : NAME.matcher(host).matches();
  }

  /** Null where it is none. Nothing is looked up for what is in brackets. */
  private static InetAddress ipv6(String inBrackets) {
    if (!IPV6_IN_BRACKETS.matcher(inBrackets).matches()) {
      return null;
    }
    try {
      return InetAddress.getByName(inBrackets);
    } catch (UnknownHostException notOne) {
      return null;
    }
  }

  private static IllegalArgumentException refuse(String text, String why) {
    return new IllegalArgumentException(
        "the address \"%s\" %s: %s".formatted(shown(text), why, ALLOWED));
  }

  /** Leaves out what may be a password. */
  private static String shown(String text) {
    var at = text.lastIndexOf('@');
    return at < 0 ? text : "…" + text.substring(at);
  }

  /** Whether what is sent there stays on this machine. */
  boolean isLoopback() {
    if (host.startsWith("[")) {
      return ipv6(host).isLoopbackAddress();
    }
    return host.equalsIgnoreCase("localhost") || LOOPBACK_V4.matcher(host).matches();
  }

  /** The address as gRPC names it: every address of the host's name is connected to. */
  String target() {
    try {
      return new URI("dns", "", "/" + host + ":" + port, null).toString();
    } catch (URISyntaxException impossible) {
      throw new IllegalStateException("a host and a port are a path", impossible);
    }
  }
}
