package com.bookora.webhooks;

import com.bookora.webhooks.v1.Delivery;
import java.util.LinkedHashMap;
import java.util.Map;

/** Remembers the last revision of each delivery, except of those seen least recently. */
final class Revisions {
  /** About 20 MB. What is forgotten comes at worst a second time, after a resume. */
  static final int DELIVERIES_MAX = 100_000;

  private final Map<String, Integer> lastByDelivery;

  Revisions(int deliveriesMax) {
    this.lastByDelivery = new LeastRecentlySeen(deliveriesMax);
  }

  /** Whether the delivery was not seen at this revision or a later one; remembers it. */
  boolean isNew(Delivery delivery) {
    var last = lastByDelivery.get(delivery.getDeliveryId());
    if (last != null && last >= delivery.getRevision()) {
      return false;
    }
    lastByDelivery.put(delivery.getDeliveryId(), delivery.getRevision());
    return true;
  }

  int size() {
    return lastByDelivery.size();
  }

  /** A map that forgets the entry that was used least recently when it has too many. */
  private static final class LeastRecentlySeen extends LinkedHashMap<String, Integer> {
    private static final long serialVersionUID = 1;

    private final int entriesMax;

    LeastRecentlySeen(int entriesMax) {
      super(16, 0.75f, true);
      this.entriesMax = entriesMax;
    }

    @Override
    protected boolean removeEldestEntry(Map.Entry<String, Integer> eldest) {
      return size() > entriesMax;
    }
  }
}
