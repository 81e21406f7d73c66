import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';

import { Code } from '@connectrpc/connect';

import { type Client, errorDetails, type Pending } from '../src/index.js';
import { booking, storedBookings } from './stage/samples.js';
import { connect, Service } from './stage/service.js';
import { within } from './stage/within.js';

const EVENTS = 10_000;
/** Fewer than the default, so that the bound is seen to hold. */
const BOUND = 200;

/**
 * Hands in bookings one by one, calls `halfway` before the middle one, and sees that results come and that no
 * more events are outstanding than may be.
 */
async function publishMany(
  t: TestContext,
  client: Client,
  accountId: string,
  halfway: () => Promise<void>,
): Promise<void> {
  const publisher = client.publisher({ maxOutstanding: BOUND });
  const pendings: Pending[] = [];
  let settled = 0;
  let most = 0;
  const began = performance.now();
  for (let number = 0; number < EVENTS; number += 1) {
    if (number === EVENTS / 2) await halfway();
    pendings.push(await publisher.publish(booking(`bkg_${number}`, { accountId })));
    while (pendings[settled]?.isSettled) settled += 1;
    most = Math.max(most, pendings.length - settled);
  }
  await publisher.close();
  const seconds = (performance.now() - began) / 1000;
  t.diagnostic(`${Math.round(EVENTS / seconds)} events/s, at most ${most} outstanding`);
  assert.ok(most <= BOUND && most >= 2, `${most} were outstanding at once`);
  const published = await Promise.all(pendings.map(({ result }) => result));
  assert.equal(new Set(published.map(({ eventId }) => eventId)).size, EVENTS);
}

/** Expects each event once, and none before those that were handed in before it. */
async function expectStoredInOrder(client: Client, accountId: string): Promise<void> {
  const stored = await storedBookings(client, accountId);
  assert.equal(stored.size, EVENTS);
  let last = new Date(0);
  for (let number = 0; number < EVENTS; number += 1) {
    const times = stored.get(`bkg_${number}`) ?? [];
    const [time] = times;
    assert.ok(time && times.length === 1 && time >= last, `event ${number} was stored at ${times}`);
    last = time;
  }
}

test('ten thousand events are stored in order within the bound', async (t) => {
  const client = connect(t, (await Service.start(t)).address);
  await publishMany(t, client, 'acct_many', async () => {});
  await expectStoredInOrder(client, 'acct_many');
});

test('events are stored once and in order where the service is killed meanwhile', async (t) => {
  const service = await Service.start(t);
  const client = connect(t, service.address);
  await publishMany(t, client, 'acct_killed', async () => {
    await service.kill();
    await service.restart();
  });
  await expectStoredInOrder(client, 'acct_killed');
});

test('a refused event fails alone, and those behind it go on', async (t) => {
  const client = connect(t, (await Service.start(t)).address);
  const publisher = client.publisher();
  const request = booking('bkg_1', { price: -1 });
  const refused = await publisher.publish(request);
  const good = await publisher.publish(booking('bkg_2'));
  await publisher.flush();
  assert.ok(refused.isSettled && good.isSettled, 'flush came back before the results');
  const details = await refused.result.then(() => assert.fail('it is taken'), errorDetails);
  assert.equal(details.code, Code.InvalidArgument);
  assert.equal(details.fieldViolations[0]?.field, 'request.booking_created.price');
  assert.ok((await good.result).eventId);
  assert.equal(request.idempotencyKey, '');
  assert.ok(refused.request.idempotencyKey);
  await publisher.close();
  await assert.rejects(publisher.publish(booking('bkg_3')), /the publisher is closed/);
});

test('events are taken in the order in which they came, also where they wait for a place', async (t) => {
  const client = connect(t, (await Service.start(t)).address);
  const publisher = client.publisher({ maxOutstanding: 2 });
  const entered: number[] = [];
  const numbers = Array.from({ length: 20 }, (_, number) => number);
  await Promise.all(
    numbers.map(async (number) => {
      await publisher.publish(booking(`bkg_${number}`));
      entered.push(number);
    }),
  );
  assert.deepEqual(entered, numbers);
  await publisher.close();
  assert.equal((await storedBookings(client, 'acct_1')).size, 20);
});

test('a publisher gives up where nobody answers', async (t) => {
  const service = await Service.start(t);
  const client = connect(t, service.address);
  await service.kill();
  const publisher = client.publisher({ giveUpAfterMs: 300, maxOutstanding: 1 });
  const first = await publisher.publish(booking('bkg_1'));
  const waiting = publisher.publish(booking('bkg_2'));
  const givenUp = { code: Code.Unavailable, message: /no result for 0.3 s: the last stream ended with/ };
  await assert.rejects(within('it gives up', first.result), givenUp);
  await assert.rejects(waiting, givenUp);
  await assert.rejects(publisher.flush(), givenUp);
  await assert.rejects(publisher.close(), givenUp);
  await assert.rejects(publisher.publish(booking('bkg_3')), givenUp);
});

test('a cancelled publisher fails what is outstanding', async (t) => {
  const service = await Service.start(t);
  const client = connect(t, service.address);
  await service.kill();
  const cancelling = new AbortController();
  const publisher = client.publisher({ signal: cancelling.signal, maxOutstanding: 1 });
  const first = await publisher.publish(booking('bkg_1'));
  const soon = publisher.publish(booking('bkg_2'), { signal: AbortSignal.timeout(50) });
  await assert.rejects(soon, { code: Code.DeadlineExceeded });
  cancelling.abort();
  await assert.rejects(within('it fails', first.result), { code: Code.Canceled });
  await assert.rejects(publisher.close(), { code: Code.Canceled });
  const never = client.publisher({ signal: AbortSignal.abort() });
  await assert.rejects(never.publish(booking('bkg_3')), { code: Code.Canceled });
});

test('what cannot be sent is refused before it is handed in', async (t) => {
  const client = connect(t, '127.0.0.1:1');
  const publisher = client.publisher();
  const late = { ...booking('bkg_1'), createTime: { seconds: 0n, nanos: 2 ** 40 } };
  await assert.rejects(publisher.publish(late), { code: Code.Internal });
  await publisher.close();
  for (const options of [
    { maxOutstanding: 0 },
    { maxOutstanding: 257 },
    { giveUpAfterMs: 0 },
    { giveUpAfterMs: Number.POSITIVE_INFINITY },
  ]) {
    assert.throws(() => client.publisher(options), /not/);
  }
});
