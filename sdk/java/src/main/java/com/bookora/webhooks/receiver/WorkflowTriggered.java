package com.bookora.webhooks.receiver;

import java.util.Optional;

/**
 * The data of {@code workflow.triggered}: an automation of the account started.
 *
 * @param workflowId the workflow's id in Bookora
 * @param workflowName the workflow's name
 * @param trigger what started it, such as {@code booking.created} or {@code schedule}
 * @param customerId absent where it runs for none
 * @param bookingId absent where it runs for none
 */
public record WorkflowTriggered(
    String workflowId,
    String workflowName,
    String trigger,
    Optional<String> customerId,
    Optional<String> bookingId)
    implements EventData {
  /** The type's name. */
  public static final String TYPE = "workflow.triggered";

  static WorkflowTriggered read(Fields data) throws WebhookException {
    return new WorkflowTriggered(
        data.text("workflow_id"),
        data.text("workflow_name"),
        data.text("trigger"),
        data.optionalText("customer_id"),
        data.optionalText("booking_id"));
  }
}
