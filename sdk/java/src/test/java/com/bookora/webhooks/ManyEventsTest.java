package com.bookora.webhooks;

import static com.bookora.webhooks.stage.Samples.booking;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.bookora.webhooks.receiver.BookingCreated;
import com.bookora.webhooks.receiver.Event;
import com.bookora.webhooks.stage.OnStage;
import com.bookora.webhooks.v1.ListEventsRequest;
import com.google.protobuf.Timestamp;
import com.google.protobuf.util.Timestamps;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;

class ManyEventsTest extends OnStage {
  private static final int EVENTS = 10_000;

  /** Fewer than the default, so that the bound is seen to hold. */
  private static final int BOUND = 200;

  @Test
  void tenThousandEventsAreStoredInOrderWithinTheBound() throws Exception {
    var client = connect(startService());
    publishMany(client, "acct_many", () -> null);
    expectStoredInOrder(client, "acct_many");
  }

  @Test
  void eventsAreStoredOnceAndInOrderWhereTheServiceIsKilledMeanwhile() throws Exception {
    var service = startService();
    var client = connect(service);
    publishMany(
        client,
        "acct_killed",
        () -> {
          service.kill();
          service.restart();
          return null;
        });
    expectStoredInOrder(client, "acct_killed");
  }

  /**
   * Hands in bookings one by one, does something before the middle one, and sees that results come
   * in order and that no more events are outstanding than may be.
   */
  private static void publishMany(Client client, String account, Callable<?> halfway)
      throws Exception {
    var publications = new ArrayList<Publication>();
    var settled = 0;
    var most = 0;
    var began = System.nanoTime();
    var options = PublisherOptions.DEFAULT.withOutstandingMax(BOUND);
    try (var publisher = client.newPublisher(options)) {
      for (var i = 0; i < EVENTS; i++) {
        if (i == EVENTS / 2) {
          halfway.call();
        }
        publications.add(publisher.publish(booking(account, "bkg_" + i)));
        while (settled < publications.size() && publications.get(settled).result().isDone()) {
          settled++;
        }
        most = Math.max(most, publications.size() - settled);
      }
    }
    var seconds = (System.nanoTime() - began) / 1e9;
    System.out.printf(
        "%s: %.0f events/s, at most %d outstanding%n", account, EVENTS / seconds, most);
    assertTrue(most > 1 && most <= BOUND, most + " were outstanding at once");
    var ids = new HashSet<String>();
    for (var publication : publications) {
      ids.add(publication.result().get().getEventId());
    }
    assertEquals(EVENTS, ids.size());
  }

  /** Expects each event once, and none before those that were handed in before it. */
  private static void expectStoredInOrder(Client client, String account) throws Exception {
    var stored = storedBookings(client, account);
    assertEquals(EVENTS, stored.size());
    var last = Timestamp.getDefaultInstance();
    for (var i = 0; i < EVENTS; i++) {
      var time = stored.get("bkg_" + i);
      assertTrue(Timestamps.compare(last, time) <= 0, "event " + i + " came before another");
      last = time;
    }
  }

  /** When the events of an account were stored, by the id of their booking. */
  private static Map<String, Timestamp> storedBookings(Client client, String account)
      throws Exception {
    var stored = new HashMap<String, Timestamp>();
    var request = ListEventsRequest.newBuilder().setAccountId(account).setPageSize(1_000);
    do {
      var page = client.deliveryQuery().listEvents(request.build());
      for (var listed : page.getEventsList()) {
        var payload = listed.getPayload().getBytes(UTF_8);
        var event = Event.parse(payload);
        var id = ((BookingCreated) event.data()).bookingId();
        assertFalse(stored.containsKey(id), id + " is there twice");
        stored.put(id, listed.getPublishTime());
      }
      request.setPageToken(page.getNextPageToken());
    } while (!request.getPageToken().isEmpty());
    return stored;
  }
}
