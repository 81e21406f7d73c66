package com.bookora.webhooks.receiver;

import java.time.Instant;
import java.util.Optional;

/**
 * The data of {@code booking.cancelled}: a booking was called off.
 *
 * @param bookingId the booking's id in Bookora
 * @param customerId the customer's id in Bookora
 * @param customerName the customer's name
 * @param service the name of the service that was booked
 * @param startTime when the appointment would have started
 * @param endTime when it would have ended
 * @param reason why, in words; absent where none was given
 */
public record BookingCancelled(
    String bookingId,
    String customerId,
    String customerName,
    String service,
    Instant startTime,
    Instant endTime,
    Optional<String> reason)
    implements EventData {
  /** The type's name. */
  public static final String TYPE = "booking.cancelled";

  static BookingCancelled read(Fields data) throws WebhookException {
    return new BookingCancelled(
        data.text("booking_id"),
        data.text("customer_id"),
        data.text("customer_name"),
        data.text("service"),
        data.time("start_time"),
        data.time("end_time"),
        data.optionalText("reason"));
  }
}
