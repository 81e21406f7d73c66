package com.bookora.webhooks.receiver;

import java.time.Instant;

/**
 * The data of {@code booking.created}: a booking was made.
 *
 * @param bookingId the booking's id in Bookora
 * @param customerId the customer's id in Bookora
 * @param customerName the customer's name
 * @param service the name of the service that was booked
 * @param startTime when the appointment starts
 * @param endTime when it ends
 * @param price in units of the account's currency, not in cents
 */
public record BookingCreated(
    String bookingId,
    String customerId,
    String customerName,
    String service,
    Instant startTime,
    Instant endTime,
    double price)
    implements EventData {
  /** The type's name. */
  public static final String TYPE = "booking.created";

  static BookingCreated read(Fields data) throws WebhookException {
    return new BookingCreated(
        data.text("booking_id"),
        data.text("customer_id"),
        data.text("customer_name"),
        data.text("service"),
        data.time("start_time"),
        data.time("end_time"),
        data.number("price"));
  }
}
