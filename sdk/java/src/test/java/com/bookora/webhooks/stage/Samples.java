package com.bookora.webhooks.stage;

import com.bookora.webhooks.v1.BookingCreated;
import com.bookora.webhooks.v1.PublishEventRequest;
import com.google.protobuf.Timestamp;

/** What the tests publish. */
public final class Samples {
  private static final long START = 1_796_115_600;

  private Samples() {}

  /** A booking, without a key. */
  public static PublishEventRequest booking(String accountId, String bookingId) {
    return booking(accountId, bookingId, 150);
  }

  /** A booking at a price, without a key. */
  public static PublishEventRequest booking(String accountId, String bookingId, double price) {
    var booking =
        BookingCreated.newBuilder()
            .setBookingId(bookingId)
            .setCustomerId("cus_1")
            .setCustomerName("Zoë Baker")
            .setService("Massage")
            .setStartTime(Timestamp.newBuilder().setSeconds(START))
            .setEndTime(Timestamp.newBuilder().setSeconds(START + 3_600))
            .setPrice(price);
    return PublishEventRequest.newBuilder()
        .setAccountId(accountId)
        .setBookingCreated(booking)
        .build();
  }
}
