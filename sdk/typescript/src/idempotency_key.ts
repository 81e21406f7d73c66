import { clone, create, isMessage, type MessageInitShape } from '@bufbuild/protobuf';

import { type PublishEventRequest, PublishEventRequestSchema } from './v1.js';

/** A request to publish: a message, or its fields alone. */
export type PublishRequest = MessageInitShape<typeof PublishEventRequestSchema>;

/** A copy of the request, with a key where it has none. */
export function keyed(request: PublishRequest): PublishEventRequest {
  const copy = isMessage(request, PublishEventRequestSchema)
    ? clone(PublishEventRequestSchema, request)
    : create(PublishEventRequestSchema, request);
  if (!copy.idempotencyKey) copy.idempotencyKey = newKey();
  return copy;
}

/** A random UUID (RFC 9562, version 4). `randomUUID` does not exist in pages that came in the clear. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const hex = Array.from(bytes, (byte, index) => {
    const marked = index === 6 ? (byte & 0x0f) | 0x40 : index === 8 ? (byte & 0x3f) | 0x80 : byte;
    return marked.toString(16).padStart(2, '0');
  }).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
