/** An object of JSON, as `JSON.parse` makes it. */
export type JsonObject = { readonly [key: string]: unknown };

/** What every event has. */
export interface EventBase {
  /**
   * The same on each attempt and for each endpoint: remember it to drop what comes twice. That of a sample,
   * which TestEndpoint sends, begins with evt_test_.
   */
  readonly id: string;
  /** The type's name, such as booking.created. */
  readonly type: string;
  /** When it happened, to the millisecond. Events may come out of their order: go by this. */
  readonly createdAt: Date;
  /** The same as it was sent, in nanoseconds since 1970. */
  readonly createdAtNanos: bigint;
  /** The JSON object that `data` was read from, fields that this version does not know included. */
  readonly rawData: JsonObject;
  /** The whole body. */
  readonly raw: Uint8Array;
}

/** An event of a type that has a data type of its own. */
export type KnownEvent = {
  [Kind in keyof EventDataByType]: EventBase & {
    /** The type, to choose by: `data` is of the type that belongs to it. */
    readonly kind: Kind;
    readonly data: EventDataByType[Kind];
  };
}[keyof EventDataByType];

/** An event of another type: such types are added, by Bookora and by whoever runs the service. */
export interface OtherEvent extends EventBase {
  readonly kind: 'other';
  readonly data: JsonObject;
}

/** Something that happened in an account of Bookora. Choose by its `kind`. */
export type Event = KnownEvent | OtherEvent;

/** The data types by their type's name. */
export interface EventDataByType {
  'customer.created': CustomerCreated;
  'booking.created': BookingCreated;
  'booking.cancelled': BookingCancelled;
  'booking.rescheduled': BookingRescheduled;
  'lead.qualified': LeadQualified;
  'no_show.detected': NoShowDetected;
  'review.created': ReviewCreated;
  'workflow.triggered': WorkflowTriggered;
}

/** The data of customer.created: a customer was added. */
export interface CustomerCreated {
  readonly customerId: string;
  readonly customerName: string;
  /** Absent where Bookora has none. */
  readonly email?: string;
  /** As it was entered; absent where Bookora has none. */
  readonly phone?: string;
}

/** The data of booking.created: a booking was made. */
export interface BookingCreated {
  readonly bookingId: string;
  readonly customerId: string;
  readonly customerName: string;
  readonly service: string;
  readonly startTime: Date;
  readonly endTime: Date;
  /** In units of the account's currency, not in cents. */
  readonly price: number;
}

/** The data of booking.cancelled: a booking was called off. */
export interface BookingCancelled {
  readonly bookingId: string;
  readonly customerId: string;
  readonly customerName: string;
  readonly service: string;
  readonly startTime: Date;
  readonly endTime: Date;
  /** Absent where none was given. */
  readonly reason?: string;
}

/** The data of booking.rescheduled: a booking was moved. */
export interface BookingRescheduled {
  readonly bookingId: string;
  readonly customerId: string;
  readonly customerName: string;
  readonly service: string;
  readonly previousStartTime: Date;
  readonly previousEndTime: Date;
  readonly startTime: Date;
  readonly endTime: Date;
}

/** The data of lead.qualified: a lead's score reached the threshold. */
export interface LeadQualified {
  readonly leadId: string;
  readonly leadName: string;
  readonly score: number;
  readonly threshold: number;
  /** The customer that the lead became; absent where it became none. */
  readonly customerId?: string;
}

/** The data of no_show.detected: a customer did not come. */
export interface NoShowDetected {
  readonly bookingId: string;
  readonly customerId: string;
  readonly customerName: string;
  readonly service: string;
  readonly startTime: Date;
  readonly endTime: Date;
}

/** The data of review.created: a customer wrote a review. */
export interface ReviewCreated {
  readonly reviewId: string;
  readonly customerId: string;
  readonly customerName: string;
  /** In stars, 1-5. */
  readonly rating: number;
  /** Absent where the review is of no booking. */
  readonly bookingId?: string;
  /** Absent where there is none. */
  readonly comment?: string;
}

/** The data of workflow.triggered: an automation of the account started. */
export interface WorkflowTriggered {
  readonly workflowId: string;
  readonly workflowName: string;
  /** What started it, such as booking.created or schedule. */
  readonly trigger: string;
  /** Absent where it runs for no customer. */
  readonly customerId?: string;
  /** Absent where it runs for no booking. */
  readonly bookingId?: string;
}
