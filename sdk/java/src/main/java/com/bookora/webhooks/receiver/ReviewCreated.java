package com.bookora.webhooks.receiver;

import java.util.Optional;

/**
 * The data of {@code review.created}: a customer wrote a review.
 *
 * @param reviewId the review's id in Bookora
 * @param customerId the customer's id in Bookora
 * @param customerName the customer's name
 * @param rating in stars, 1-5
 * @param bookingId absent where the review is of none
 * @param comment absent where there is none
 */
public record ReviewCreated(
    String reviewId,
    String customerId,
    String customerName,
    int rating,
    Optional<String> bookingId,
    Optional<String> comment)
    implements EventData {
  /** The type's name. */
  public static final String TYPE = "review.created";

  static ReviewCreated read(Fields data) throws WebhookException {
    return new ReviewCreated(
        data.text("review_id"),
        data.text("customer_id"),
        data.text("customer_name"),
        data.integer("rating"),
        data.optionalText("booking_id"),
        data.optionalText("comment"));
  }
}
