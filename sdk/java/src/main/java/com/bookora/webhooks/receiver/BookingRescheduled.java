package com.bookora.webhooks.receiver;

import java.time.Instant;

/**
 * The data of {@code booking.rescheduled}: a booking was moved.
 *
 * @param bookingId the booking's id in Bookora
 * @param customerId the customer's id in Bookora
 * @param customerName the customer's name
 * @param service the name of the service that was booked
 * @param previousStartTime when the appointment started before the move
 * @param previousEndTime when it ended before the move
 * @param startTime when it starts now
 * @param endTime when it ends now
 */
public record BookingRescheduled(
    String bookingId,
    String customerId,
    String customerName,
    String service,
    Instant previousStartTime,
    Instant previousEndTime,
    Instant startTime,
    Instant endTime)
    implements EventData {
  /** The type's name. */
  public static final String TYPE = "booking.rescheduled";

  static BookingRescheduled read(Fields data) throws WebhookException {
    return new BookingRescheduled(
        data.text("booking_id"),
        data.text("customer_id"),
        data.text("customer_name"),
        data.text("service"),
        data.time("previous_start_time"),
        data.time("previous_end_time"),
        data.time("start_time"),
        data.time("end_time"));
  }
}
