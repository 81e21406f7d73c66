package com.bookora.webhooks.receiver;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** Times as RFC 3339, section 5.6, writes them. */
final class Rfc3339 {
  /** Digits beyond the nanosecond are dropped. */
  private static final Pattern TIME =
      Pattern.compile(
          "(\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d)(?:(\\.\\d{1,9})\\d*)?"
              + "(?:Z|([+-])([01]\\d|2[0-3]):([0-5]\\d))");

  private Rfc3339() {}

  /** Empty where the text is no such time, or no day of the calendar. */
  static Optional<Instant> parse(String text) {
    var found = TIME.matcher(text);
    if (!found.matches()) {
      return Optional.empty();
    }
    try {
      var fraction = found.group(2) == null ? "" : found.group(2);
      var local = LocalDateTime.parse(found.group(1) + fraction);
      return Optional.of(local.toInstant(ZoneOffset.UTC).minus(offset(found)));
    } catch (DateTimeException noSuchDay) {
      return Optional.empty();
    }
  }

  /** Not a ZoneOffset, which goes to 18 hours only. */
  private static Duration offset(MatchResult found) {
    if (found.group(3) == null) {
      return Duration.ZERO;
    }
    var offset =
        Duration.ofHours(Integer.parseInt(found.group(4)))
            .plusMinutes(Integer.parseInt(found.group(5)));
    return found.group(3).equals("-") ? offset.negated() : offset;
  }
}
