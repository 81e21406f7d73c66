package com.bookora.webhooks.receiver;

import java.time.Instant;

/**
 * The data of {@code no_show.detected}: a customer did not come.
 *
 * @param bookingId the booking's id in Bookora
 * @param customerId the customer's id in Bookora
 * @param customerName the customer's name
 * @param service the name of the service that was booked
 * @param startTime when the appointment was to start
 * @param endTime when it was to end
 */
public record NoShowDetected(
    String bookingId,
    String customerId,
    String customerName,
    String service,
    Instant startTime,
    Instant endTime)
    implements EventData {
  /** The type's name. */
  public static final String TYPE = "no_show.detected";

  static NoShowDetected read(Fields data) throws WebhookException {
    return new NoShowDetected(
        data.text("booking_id"),
        data.text("customer_id"),
        data.text("customer_name"),
        data.text("service"),
        data.time("start_time"),
        data.time("end_time"));
  }
}
