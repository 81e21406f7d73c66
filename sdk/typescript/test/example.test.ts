import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';

import { Delivery_State } from '../src/v1.js';
import { CHECKOUT } from './stage/checkout.js';
import { awaitState } from './stage/deliveries.js';
import { Lines } from './stage/lines.js';
import { ACCOUNT, booking } from './stage/samples.js';
import { connect, Service } from './stage/service.js';

/** Starts the program of examples/typescript as it says, and gives its URL and its lines. */
async function startExample(t: TestContext, secrets: string): Promise<{ url: string; lines: Lines }> {
  const folder = join(CHECKOUT, 'examples/typescript');
  const process = spawn('node', ['dist/main.js'], {
    cwd: folder,
    env: { ...globalThis.process.env, BOOKORA_WEBHOOK_SECRET: secrets, PORT: '0' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.after(async () => {
    const exited = once(process, 'exit');
    if (process.kill('SIGKILL')) await exited;
  });
  const lines = new Lines(process);
  const port = (await lines.next()).split(' ').at(-1);
  return { url: `http://127.0.0.1:${port}/hooks`, lines };
}

test('the example receiver takes real deliveries once and refuses forged ones', async (t) => {
  const client = connect(t, (await Service.start(t)).address);
  const secret = 'a-secret-of-the-receiver-1';
  const { url, lines } = await startExample(t, `another-secret-of-the-receiver ${secret}`);
  await client.endpointAdmin.createEndpoint({ endpoint: { accountId: ACCOUNT, url }, secret });

  const headers = {
    'webhook-id': 'evt_1',
    'webhook-timestamp': String(Math.floor(Date.now() / 1000)),
    'webhook-signature': 'v1,AAAA',
  };
  assert.equal((await fetch(url, { method: 'POST', body: '{}', headers })).status, 401);
  const tooLarge = 'x'.repeat(280 << 10);
  assert.equal((await fetch(url, { method: 'POST', body: tooLarge, headers })).status, 413);

  const first = await client.publish(booking('bkg_1'));
  const { deliveryId } = await awaitState(client, first.eventId, Delivery_State.SUCCEEDED);
  await client.endpointAdmin.resendDelivery({ accountId: ACCOUNT, deliveryId });
  const again = await awaitState(client, first.eventId, Delivery_State.SUCCEEDED);
  assert.equal(again.attemptCount, 2);
  const second = await client.publish(booking('bkg_2'));
  for (const { eventId } of [first, second]) {
    const wanted = `booking.created ${eventId}: Zoë Baker has booked Massage for Tue, 01 Dec 2026 09:00:00 GMT`;
    assert.equal(await lines.next(), wanted);
  }
});
