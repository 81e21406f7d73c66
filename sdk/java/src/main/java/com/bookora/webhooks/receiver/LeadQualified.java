package com.bookora.webhooks.receiver;

import java.util.Optional;

/**
 * The data of {@code lead.qualified}: a lead's score reached the threshold.
 *
 * @param leadId the lead's id in Bookora
 * @param leadName the lead's name
 * @param score the lead's score
 * @param threshold the score from which a lead counts as qualified
 * @param customerId the customer that the lead became; absent where it became none
 */
public record LeadQualified(
    String leadId, String leadName, double score, double threshold, Optional<String> customerId)
    implements EventData {
  /** The type's name. */
  public static final String TYPE = "lead.qualified";

  static LeadQualified read(Fields data) throws WebhookException {
    return new LeadQualified(
        data.text("lead_id"),
        data.text("lead_name"),
        data.number("score"),
        data.number("threshold"),
        data.optionalText("customer_id"));
  }
}
