/**
 * Verifies the webhooks that Bookora sends, and reads their events. It imports Node's own `crypto` alone.
 *
 * A receiver verifies, answers 2xx within 5 seconds, remembers the event's id so as to drop what comes a
 * second time, and does its work afterwards:
 *
 * ```ts
 * const event = verify(request.body, request.headers, secrets);
 * if (event.kind === 'booking.created') console.log(event.data.customerName, event.data.startTime);
 * ```
 *
 * A request that does not verify is a {@link WebhookError}, which {@link statusOf} has an answer to. Its text
 * has no secret and no expected signature, so that it may be logged and shown.
 *
 * @module
 */
export { type ErrorCode, statusOf, WebhookError } from './receiver/error.js';
export type {
  BookingCancelled,
  BookingCreated,
  BookingRescheduled,
  CustomerCreated,
  Event,
  EventBase,
  EventDataByType,
  JsonObject,
  KnownEvent,
  LeadQualified,
  NoShowDetected,
  OtherEvent,
  ReviewCreated,
  WorkflowTriggered,
} from './receiver/event.js';
export type { WebhookHeaders } from './receiver/header.js';
export { parse } from './receiver/parse.js';
export { TOLERANCE_SECONDS_DEFAULT, type VerifyOptions, verify } from './receiver/verify.js';
