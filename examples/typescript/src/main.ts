// A receiver of Bookora's webhooks with Express, to be copied. It verifies each request, prints a line for each
// event, and drops what it has had.
//
//   npm install && npm run build
//   BOOKORA_WEBHOOK_SECRET='whsec_…' PORT=8080 npm start
//
// In a copy, let package.json name a version of @bookora/webhooks-sdk instead of the folder.
//
// While a secret is being replaced, BOOKORA_WEBHOOK_SECRET has both, separated by a space. Bookora sends to
// https only: put a server that speaks it before this one.

import type { AddressInfo } from 'node:net';

import { type Event, statusOf, verify, WebhookError } from '@bookora/webhooks-sdk/receiver';
import express, { type NextFunction, type Request, type Response } from 'express';

import { Memory } from './memory.js';

const secrets = (process.env.BOOKORA_WEBHOOK_SECRET ?? '').split(/\s+/).filter(Boolean);
if (secrets.length === 0) throw new Error("set BOOKORA_WEBHOOK_SECRET to the endpoint's secret");
const seen = new Memory(10_000);

const app = express();
// The body as it came: express.json() would parse it, and what is signed would be lost.
app.post('/hooks', express.raw({ type: () => true, limit: '272kb' }), (request, response) => {
  const body = Buffer.isBuffer(request.body) ? request.body : '';
  const event = verify(body, request.headersDistinct, secrets);
  // Store the event, answer within 5 seconds, and do the work afterwards.
  if (seen.isNew(event.id)) console.log(describe(event));
  response.sendStatus(204);
});
app.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
  if (!(error instanceof WebhookError)) return next(error);
  console.error(error.message);
  response.sendStatus(statusOf(error));
});

const server = app.listen(Number(process.env.PORT ?? 0), () => {
  console.log(`receiving at /hooks on port ${(server.address() as AddressInfo).port}`);
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close());

function describe(event: Event): string {
  return `${event.type} ${event.id}: ${about(event)}`;
}

function about(event: Event): string {
  switch (event.kind) {
    case 'booking.created':
      return `${event.data.customerName} has booked ${event.data.service} for ${event.data.startTime.toUTCString()}`;
    case 'booking.cancelled':
      return `${event.data.customerName} has cancelled ${event.data.service}`;
    default:
      return JSON.stringify(event.rawData);
  }
}
