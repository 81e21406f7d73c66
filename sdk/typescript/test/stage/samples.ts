import { timestampDate, timestampFromDate } from '@bufbuild/protobuf/wkt';

import type { Client, PublishRequest } from '../../src/index.js';
import { parse } from '../../src/receiver.js';
import type { CreateEndpointResponse } from '../../src/v1.js';

export const ACCOUNT = 'acct_1';

/** A booking, such as an account makes. */
export function booking(bookingId: string, { accountId = ACCOUNT, price = 150, idempotencyKey = '' } = {}) {
  return {
    accountId,
    idempotencyKey,
    data: {
      case: 'bookingCreated',
      value: {
        bookingId,
        customerId: 'cus_1',
        customerName: 'Zoë Baker',
        service: 'Massage',
        startTime: timestampFromDate(new Date('2026-12-01T09:00:00Z')),
        endTime: timestampFromDate(new Date('2026-12-01T10:00:00Z')),
        price,
      },
    },
  } as const satisfies PublishRequest;
}

/** Registers an endpoint. */
export function subscribe(client: Client, url: string): Promise<CreateEndpointResponse> {
  return client.endpointAdmin.createEndpoint({ endpoint: { accountId: ACCOUNT, url } });
}

/** When the events of an account were stored, by the id of their booking. */
export async function storedBookings(client: Client, accountId: string): Promise<Map<string, Date[]>> {
  const stored = new Map<string, Date[]>();
  let pageToken = '';
  do {
    const page = await client.deliveryQuery.listEvents({ accountId, pageSize: 1000, pageToken });
    for (const { payload, publishTime } of page.events) {
      const event = parse(payload);
      if (event.kind !== 'booking.created' || !publishTime) throw new Error(`another event: ${payload}`);
      const { bookingId } = event.data;
      stored.set(bookingId, [...(stored.get(bookingId) ?? []), timestampDate(publishTime)]);
    }
    pageToken = page.nextPageToken;
  } while (pageToken);
  return stored;
}
