package com.bookora.webhooks;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.bookora.webhooks.v1.Delivery;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class BackoffTest {
  @Test
  void waitsDoubleUpToTenSecondsAndBeginAnewAfterAMessage() {
    var waits = new Backoff(bound -> bound - 1);
    for (var millis : List.of(100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000)) {
      assertEquals(Duration.ofMillis(millis), waits.next(Optional.empty()));
    }
    assertEquals(Duration.ofMinutes(1), waits.next(Optional.of(Duration.ofMinutes(1))));
    waits.reset();
    assertEquals(Backoff.FIRST, waits.next(Optional.empty()));
    assertEquals(Duration.ZERO, new Backoff(bound -> 0).next(Optional.empty()));
  }

  @Test
  void aRevisionIsNewOnceAndTheDeliverySeenLeastRecentlyIsForgotten() {
    var seen = new Revisions(2);
    var told = new StringBuilder();
    for (var each : List.of("a2", "a2", "a1", "a3", "b1", "a3", "c1", "a3", "b1")) {
      var delivery =
          Delivery.newBuilder()
              .setDeliveryId(each.substring(0, 1))
              .setRevision(Integer.parseInt(each.substring(1)));
      told.append(seen.isNew(delivery.build()) ? each : "--");
    }
    assertEquals("a2----a3b1--c1--b1", told.toString());
    assertEquals(2, seen.size());
  }
}
