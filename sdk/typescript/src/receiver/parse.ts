import { Buffer } from 'node:buffer';

import type { Event, EventDataByType } from './event.js';
import { ObjectReader } from './object.js';
import { dateOf } from './time.js';

/**
 * Reads the event in a body whose signature was verified before, such as one that was stored.
 *
 * @throws {@link WebhookError} with MALFORMED_BODY where the body is not an event.
 */
export function parse(body: Uint8Array | string): Event {
  const raw = typeof body === 'string' ? Buffer.from(body, 'utf8') : body;
  const envelope = new ObjectReader('', readJson(raw));
  const type = envelope.text('event');
  const id = envelope.text('id');
  const createdAtNanos = envelope.nanos('created_at');
  const data = new ObjectReader('data', envelope.value('data'));
  const base = { id, type, createdAt: dateOf(createdAtNanos), createdAtNanos, rawData: data.fields, raw };
  if (!isKnown(type)) return { ...base, kind: 'other', data: data.fields };
  // The reader and the kind are of one type, which TypeScript cannot see.
  return { ...base, kind: type, data: READERS[type](data) } as Event;
}

function readJson(body: Uint8Array): unknown {
  try {
    // A byte order mark stays, and is refused: RFC 8259 section 8.1 has none.
    return JSON.parse(new TextDecoder('utf-8', { ignoreBOM: true }).decode(body));
  } catch {
    return undefined;
  }
}

function isKnown(type: string): type is keyof EventDataByType {
  return Object.hasOwn(READERS, type);
}

const READERS: { [Type in keyof EventDataByType]: (data: ObjectReader) => EventDataByType[Type] } = {
  'customer.created': (data) => ({
    customerId: data.text('customer_id'),
    customerName: data.text('customer_name'),
    ...data.optionalText('email', 'email'),
    ...data.optionalText('phone', 'phone'),
  }),
  'booking.created': (data) => ({ ...readAppointment(data), price: data.number('price') }),
  'booking.cancelled': (data) => ({ ...readAppointment(data), ...data.optionalText('reason', 'reason') }),
  'booking.rescheduled': (data) => ({
    ...readAppointment(data),
    previousStartTime: data.time('previous_start_time'),
    previousEndTime: data.time('previous_end_time'),
  }),
  'lead.qualified': (data) => ({
    leadId: data.text('lead_id'),
    leadName: data.text('lead_name'),
    score: data.number('score'),
    threshold: data.number('threshold'),
    ...data.optionalText('customer_id', 'customerId'),
  }),
  'no_show.detected': (data) => readAppointment(data),
  'review.created': (data) => ({
    reviewId: data.text('review_id'),
    customerId: data.text('customer_id'),
    customerName: data.text('customer_name'),
    rating: data.integer('rating'),
    ...data.optionalText('booking_id', 'bookingId'),
    ...data.optionalText('comment', 'comment'),
  }),
  'workflow.triggered': (data) => ({
    workflowId: data.text('workflow_id'),
    workflowName: data.text('workflow_name'),
    trigger: data.text('trigger'),
    ...data.optionalText('customer_id', 'customerId'),
    ...data.optionalText('booking_id', 'bookingId'),
  }),
};

function readAppointment(data: ObjectReader) {
  return {
    bookingId: data.text('booking_id'),
    customerId: data.text('customer_id'),
    customerName: data.text('customer_name'),
    service: data.text('service'),
    startTime: data.time('start_time'),
    endTime: data.time('end_time'),
  };
}
