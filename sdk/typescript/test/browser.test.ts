import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Delivery_State } from '../src/v1.js';
import { openPage, servePage } from './stage/browser.js';
import { PATIENCE_MS } from './stage/checkout.js';
import { Hooks } from './stage/hooks.js';
import { ACCOUNT, booking, subscribe } from './stage/samples.js';
import { connectSecurely, startSecured } from './stage/service.js';
import { within } from './stage/within.js';

const PUBLISHED = 5;

test('a page publishes and watches, and its watch goes on where the service was killed', async (t) => {
  const origin = await servePage(t);
  const { service, token } = await startSecured(t, `--web-origin=${origin}`);
  const client = await connectSecurely(t, service.address, { token });
  const hooks = await Hooks.start(t);
  hooks.secrets = [(await subscribe(client, hooks.url)).secret];
  const page = await openPage(t, origin);

  await t.test('it publishes with a key', async () => {
    const eventId = await page.evaluate(
      async ({ address, token, accountId }) => {
        inPage.client = new inPage.sdk.Client(`https://${address}`, { token });
        const customer = { customerId: 'cus_1', customerName: 'Zoë Baker' };
        const data = { case: 'customerCreated', value: customer } as const;
        return (await inPage.client.publish({ accountId, data })).eventId;
      },
      { address: service.address, token, accountId: ACCOUNT },
    );
    await hooks.await(eventId);
    const { event } = await client.deliveryQuery.getEvent({ accountId: ACCOUNT, eventId });
    assert.match(event?.idempotencyKey ?? '', /^[0-9a-f-]{36}$/);
  });

  await t.test('its errors have details', async () => {
    const details = await page.evaluate(async () => {
      const { client, sdk } = inPage;
      const error = await client.publish({ accountId: 'acct_1' }).then(() => undefined, sdk.errorDetails);
      return error && { reason: error.reason, fields: error.fieldViolations.map(({ field }) => field) };
    });
    assert.deepEqual(details, { reason: 'UNKNOWN_EVENT_TYPE', fields: ['data'] });
  });

  await t.test('its watch tells every revision once, through a SIGKILL of the service', async () => {
    await page.evaluate(async (accountId) => {
      inPage.watch = inPage.client.watch({ accountId, includeSnapshot: true });
      await inPage.watch.next();
      inPage.following = (async () => {
        for await (const { message } of inPage.watch) {
          const delivery = message.case === 'update' ? message.value.delivery : undefined;
          if (!delivery) continue;
          inPage.told.push({ id: delivery.deliveryId, revision: delivery.revision, state: delivery.state });
        }
      })();
    }, ACCOUNT);
    const publishAndAwait = async (deliveries: number) => {
      for (let number = 0; number < PUBLISHED; number += 1) await client.publish(booking(`bkg_${number}`));
      await page.waitForFunction(
        ({ deliveries, succeeded }) =>
          inPage.told.filter(({ state }) => state === succeeded).length === deliveries,
        { deliveries, succeeded: Delivery_State.SUCCEEDED },
        { timeout: PATIENCE_MS },
      );
    };
    await publishAndAwait(PUBLISHED);
    await service.kill();
    await service.restart();
    await publishAndAwait(2 * PUBLISHED);

    const revisions = new Map<string, number[]>();
    for (const { id, revision } of await page.evaluate(() => inPage.told)) {
      revisions.set(id, [...(revisions.get(id) ?? []), revision]);
    }
    assert.equal(revisions.size, 2 * PUBLISHED);
    for (const each of revisions.values()) {
      assert.deepEqual(
        each,
        each.map((_, index) => index + 1),
      );
    }
    const isEnded = page.evaluate(async () => {
      const hasToken = inPage.watch.resumeToken !== '';
      inPage.watch.close();
      await inPage.following;
      return hasToken;
    });
    assert.ok(await within('the watch ends', isEnded));
  });
});
