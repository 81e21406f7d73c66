import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Code } from '@connectrpc/connect';

import { type Client, errorDetails, type Watch } from '../src/index.js';
import { Delivery_State, type WatchDeliveriesResponse } from '../src/v1.js';
import { Hooks } from './stage/hooks.js';
import { ACCOUNT, booking, subscribe } from './stage/samples.js';
import { connect, Service } from './stage/service.js';
import { eventually, within } from './stage/within.js';

const PUBLISHED = 20;
/** With a message at once, whatever there is. */
const FROM_THE_BEGINNING = { accountId: ACCOUNT, includeSnapshot: true };

/** What a watch told, delivery by delivery. */
class Told {
  readonly revisions = new Map<string, number[]>();
  private readonly succeeded = new Set<string>();

  /** Takes updates until this many deliveries have succeeded. */
  async follow(watch: Watch, deliveries: number): Promise<void> {
    while (this.succeeded.size < deliveries) {
      const { message } = await nextOf(watch);
      const delivery = message.case === 'update' ? message.value.delivery : undefined;
      if (!delivery) continue;
      const { deliveryId, revision, state } = delivery;
      this.revisions.set(deliveryId, [...(this.revisions.get(deliveryId) ?? []), revision]);
      if (state === Delivery_State.SUCCEEDED) this.succeeded.add(deliveryId);
    }
  }

  expectEveryRevision(deliveries: number): void {
    assert.equal(this.revisions.size, deliveries);
    for (const [id, revisions] of this.revisions) {
      assert.deepEqual(
        revisions,
        revisions.map((_, index) => index + 1),
        id,
      );
    }
  }
}

async function nextOf(watch: Watch): Promise<WatchDeliveriesResponse> {
  const { value, done } = await within('a watch tells something', watch.next());
  assert.ok(!done, 'the watch has ended');
  return value;
}

async function publishBookings(client: Client, from: number, to: number): Promise<void> {
  for (let number = from; number < to; number += 1) await client.publish(booking(`bkg_${number}`));
}

test('a watch tells every revision once and in order although the service is killed', async (t) => {
  const service = await Service.start(t);
  const client = connect(t, service.address);
  const hooks = await Hooks.start(t);
  hooks.secrets = [(await subscribe(client, hooks.url)).secret];
  const watch = client.watch(FROM_THE_BEGINNING);
  t.after(() => watch.close());
  assert.equal((await nextOf(watch)).message.case, 'snapshotComplete');
  assert.equal(watch.resumeToken, '', 'it has a token before the snapshot is dealt with');
  const told = new Told();
  await publishBookings(client, 0, PUBLISHED);
  await told.follow(watch, PUBLISHED);
  const token = watch.resumeToken;

  await service.kill();
  await service.restart();
  // In between, as far as the watch can tell: it was cut and has not asked since.
  await publishBookings(connect(t, service.address), PUBLISHED, 2 * PUBLISHED);
  await told.follow(watch, 2 * PUBLISHED);
  told.expectEveryRevision(2 * PUBLISHED);

  const resumed = client.watch({ accountId: ACCOUNT, resumeToken: token });
  t.after(() => resumed.close());
  const again = new Told();
  await again.follow(resumed, PUBLISHED);
  for (const [id, [revision]] of again.revisions) {
    assert.ok(told.revisions.get(id)?.includes(revision ?? 0), `${id} has other revisions now`);
  }
});

test('the token of a message counts when the next one is asked for', async (t) => {
  const client = connect(t, (await Service.start(t)).address);
  await subscribe(client, (await Hooks.start(t)).url);
  const watch = client.watch(FROM_THE_BEGINNING);
  await nextOf(watch);
  assert.equal(watch.resumeToken, '');
  await publishBookings(client, 0, 1);
  const first = await nextOf(watch);
  assert.notEqual(watch.resumeToken, '');
  assert.notEqual(watch.resumeToken, first.resumeToken);
  const next = watch.next();
  await eventually('it counts', async () => watch.resumeToken === first.resumeToken || undefined);
  watch.close();
  await next;
});

test('leaving its loop ends a watch, and its last message is not counted', async (t) => {
  const client = connect(t, (await Service.start(t)).address);
  const watch = client.watch(FROM_THE_BEGINNING);
  for await (const { message } of watch) {
    assert.equal(message.case, 'snapshotComplete');
    break;
  }
  assert.equal(watch.resumeToken, '');
  assert.deepEqual(await watch.next(), { done: true, value: undefined });
});

test('closing a watch from elsewhere ends it at once', async (t) => {
  const client = connect(t, (await Service.start(t)).address);
  const watch = client.watch({ accountId: ACCOUNT });
  const next = watch.next();
  // It is open when its first heartbeat has come.
  await eventually('a heartbeat comes', async () => watch.resumeToken || undefined);
  watch.close();
  assert.deepEqual(await within('the watch ends', next), { done: true, value: undefined });
  assert.deepEqual(await watch.next(), { done: true, value: undefined });
});

test('a watch of nobody there ends with its signal', async (t) => {
  const service = await Service.start(t);
  await service.kill();
  const client = connect(t, service.address);
  const late = client.watch({ accountId: ACCOUNT }, { signal: AbortSignal.timeout(200) });
  await assert.rejects(within('it ends', late.next()), { code: Code.DeadlineExceeded });
  const cancelled = client.watch({ accountId: ACCOUNT }, { signal: AbortSignal.abort() });
  await assert.rejects(within('it ends', cancelled.next()), { code: Code.Canceled });
});

test('a watch that no new stream mends ends with its error', async (t) => {
  const client = connect(t, (await Service.start(t)).address);
  for (const request of [{ accountId: ACCOUNT, resumeToken: 'no token' }, { accountId: '' }, {}]) {
    const watch = client.watch(request);
    const details = await watch.next().then(() => assert.fail('it tells something'), errorDetails);
    assert.equal(details.code, Code.InvalidArgument);
    assert.deepEqual(await watch.next(), { done: true, value: undefined });
  }
});
