import type { Client } from '../../src/index.js';
import type { Delivery, Delivery_State } from '../../src/v1.js';
import { ACCOUNT } from './samples.js';
import { within } from './within.js';

/** Watches the deliveries of an event, closed ones too, until one is in a state. */
export function awaitState(client: Client, eventId: string, state: Delivery_State): Promise<Delivery> {
  return within(`${eventId} is in state ${state}`, followTo(client, eventId, state));
}

async function followTo(client: Client, eventId: string, state: Delivery_State): Promise<Delivery> {
  const request = { accountId: ACCOUNT, includeSnapshot: true, filter: { eventIds: [eventId] } };
  for await (const { message } of client.watch(request)) {
    const delivery = message.case === 'update' ? message.value.delivery : undefined;
    if (delivery?.state === state) return delivery;
  }
  throw new Error('the watch ended');
}
