package com.bookora.webhooks.receiver;

/**
 * What happened: one of this package's records, or {@link UnknownData}. Choose by {@code
 * instanceof}, and pass over what you do not know: types are added, by Bookora and by whoever runs
 * the service. That is why the interface is not sealed.
 */
public interface EventData {
  /** Reads the data of an event of this type. */
  static EventData read(String type, Fields data) throws WebhookException {
    return switch (type) {
      case CustomerCreated.TYPE -> CustomerCreated.read(data);
      case BookingCreated.TYPE -> BookingCreated.read(data);
      case BookingCancelled.TYPE -> BookingCancelled.read(data);
      case BookingRescheduled.TYPE -> BookingRescheduled.read(data);
      case LeadQualified.TYPE -> LeadQualified.read(data);
      case NoShowDetected.TYPE -> NoShowDetected.read(data);
      case ReviewCreated.TYPE -> ReviewCreated.read(data);
      case WorkflowTriggered.TYPE -> WorkflowTriggered.read(data);
      default -> new UnknownData(data.json());
    };
  }
}
