package com.bookora.webhooks.receiver;

import java.util.Optional;

/**
 * The data of {@code customer.created}: a customer was added.
 *
 * @param customerId the customer's id in Bookora
 * @param customerName the customer's name
 * @param email absent where Bookora has none
 * @param phone as it was entered; absent where Bookora has none
 */
public record CustomerCreated(
    String customerId, String customerName, Optional<String> email, Optional<String> phone)
    implements EventData {
  /** The type's name. */
  public static final String TYPE = "customer.created";

  static CustomerCreated read(Fields data) throws WebhookException {
    return new CustomerCreated(
        data.text("customer_id"),
        data.text("customer_name"),
        data.optionalText("email"),
        data.optionalText("phone"));
  }
}
