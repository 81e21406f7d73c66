package com.bookora.webhooks.stage;

import com.bookora.webhooks.Client;
import com.bookora.webhooks.v1.Delivery;
import com.bookora.webhooks.v1.DeliveryFilter;
import com.bookora.webhooks.v1.WatchDeliveriesRequest;

/** Waits for what becomes of an event. */
public final class Deliveries {
  private Deliveries() {}

  /** Watches the deliveries of an event, closed ones too, until one is in a state. */
  public static Delivery awaitState(
      Client client, String accountId, String eventId, Delivery.State state) {
    var request =
        WatchDeliveriesRequest.newBuilder()
            .setAccountId(accountId)
            .setIncludeSnapshot(true)
            .setFilter(DeliveryFilter.newBuilder().addEventIds(eventId));
    try (var watch = client.watch(request.build())) {
      for (var message : watch) {
        var delivery = message.getUpdate().getDelivery();
        if (delivery.getState() == state) {
          return delivery;
        }
      }
    }
    throw new AssertionError("the watch has ended");
  }
}
