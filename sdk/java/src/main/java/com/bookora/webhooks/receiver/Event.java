package com.bookora.webhooks.receiver;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.Instant;

/** Something that happened in an account of Bookora. */
public final class Event {
  private final String id;
  private final String type;
  private final Instant createdAt;
  private final EventData data;
  private final String rawData;
  private final byte[] raw;

  private Event(Fields envelope, byte[] raw) throws WebhookException {
    this.type = envelope.text("event");
    this.id = envelope.text("id");
    this.createdAt = envelope.time("created_at");
    var data = envelope.object("data");
    this.data = readData(type, data);
    this.rawData = data.json();
    this.raw = raw;
  }

  /**
   * Reads the event in a body whose signature was verified before, such as one that was stored.
   * Bytes that are no UTF-8 are read as U+FFFD.
   *
   * @throws WebhookException with MALFORMED_BODY for a body that is not an event
   */
  public static Event parse(byte[] body) throws WebhookException {
    return new Event(Fields.of("", new String(body, UTF_8)), body);
  }

  private static EventData readData(String type, Fields data) throws WebhookException {
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

  /**
   * The same on each attempt and for each endpoint: remember it to drop what comes twice. That of a
   * sample, which TestEndpoint sends, begins with {@code evt_test_}.
   */
  public String id() {
    return id;
  }

  /** The type's name, such as {@code booking.created}. */
  public String type() {
    return type;
  }

  /** When it happened, to the nanosecond. Events may come out of their order: go by this. */
  public Instant createdAt() {
    return createdAt;
  }

  /** What happened. */
  public EventData data() {
    return data;
  }

  /**
   * The JSON object that the data was read from, with the fields that this version does not know.
   */
  public String rawData() {
    return rawData;
  }

  /** The whole body, not copied. */
  public byte[] raw() {
    return raw;
  }
}
