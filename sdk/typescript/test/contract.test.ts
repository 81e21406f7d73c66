import assert from 'node:assert/strict';
import { test } from 'node:test';

import { fromJson } from '@bufbuild/protobuf';
import { durationFromMs, timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { Interceptor } from '@connectrpc/connect';

import { type Client, resultOf } from '../src/index.js';
import {
  Attempt_Outcome,
  type Delivery,
  Delivery_State,
  DeliveryQuery,
  DeliveryView,
  type Endpoint,
  Endpoint_State,
  EndpointAdmin,
  EventIngest,
  PublishEventRequestSchema,
  RecoveryKind,
} from '../src/v1.js';
import { awaitState } from './stage/deliveries.js';
import { Hooks } from './stage/hooks.js';
import { ACCOUNT, booking, subscribe } from './stage/samples.js';
import { connectSecurely, startSecured } from './stage/service.js';
import { vectors } from './stage/vectors.js';
import { eventually } from './stage/within.js';

test('every RPC of the contract has a result, over TLS with a token', async (t) => {
  const called = new Set<string>();
  const note: Interceptor = (next) => (request) => {
    called.add(nameOf(request.method));
    return next(request);
  };
  const { service, token } = await startSecured(t, '--custom-event-types=invoice.*');
  const client = await connectSecurely(t, service.address, { token, interceptors: [note] });
  const hooks = await Hooks.start(t);
  const endpoint = await createAndRead(client, hooks);
  await publishEveryBody(client, hooks);
  await publishBatchAndStream(client, hooks);
  await rotateAndRevoke(client, hooks, endpoint);
  await testAndListTypes(client, endpoint);
  await query(client, await failAndResend(client, hooks));
  await disableRecoverAndDelete(client, hooks, endpoint);
  const contract = [EventIngest, EndpointAdmin, DeliveryQuery].flatMap(({ methods }) => methods.map(nameOf));
  assert.ok(contract.length >= 20, `the contract has ${contract.length} RPCs only`);
  assert.deepEqual([...called].sort(), contract.sort());
  assert.deepEqual(hooks.refused, []);
});

function nameOf(method: { name: string; parent: { typeName: string } }): string {
  return `${method.parent.typeName}/${method.name}`;
}

async function createAndRead(client: Client, hooks: Hooks): Promise<Endpoint> {
  const { endpoint, secret } = await subscribe(client, hooks.url);
  assert.ok(endpoint);
  hooks.secrets = [secret];
  const { endpointId, etag } = endpoint;
  const asked = { accountId: ACCOUNT, endpointId };
  const got = await client.endpointAdmin.getEndpoint(asked);
  const listed = await client.endpointAdmin.listEndpoints({ accountId: ACCOUNT });
  assert.equal(got.endpoint?.url, hooks.url);
  assert.equal(listed.endpoints.length, 1);
  const updated = await client.endpointAdmin.updateEndpoint({
    endpoint: { ...asked, etag, description: 'Front desk', url: 'not taken' },
    updateMask: { paths: ['description'] },
  });
  assert.deepEqual([updated.endpoint?.description, updated.endpoint?.url], ['Front desk', hooks.url]);
  assert.equal((await client.endpointAdmin.getEndpointSecret(asked)).secret, secret);
  return endpoint;
}

/** Publishes what the vectors have of every type; the receiver gets their bodies. */
async function publishEveryBody(client: Client, hooks: Hooks): Promise<void> {
  for (const vector of vectors.bodies) {
    const request = fromJson(PublishEventRequestSchema, vector.request);
    request.accountId = ACCOUNT;
    const { eventId } = await client.publish(request);
    const event = await hooks.await(eventId);
    assert.equal(Buffer.from(event.raw).toString(), vector.body.replace(vector.id, eventId), vector.name);
  }
}

async function publishBatchAndStream(client: Client, hooks: Hooks): Promise<void> {
  const batch = await client.publishBatch([booking('bkg_b1'), booking('bkg_b2')]);
  assert.equal(batch.results.length, 2);
  for (const result of batch.results) await hooks.await(resultOf(result).eventId);
  const publisher = client.publisher();
  const pending = await publisher.publish(booking('bkg_s1'));
  await hooks.await((await pending.result).eventId);
  await publisher.close();
}

/** Sees a delivery verify with each secret alone while both sign. */
async function rotateAndRevoke(client: Client, hooks: Hooks, { endpointId }: Endpoint): Promise<void> {
  const asked = { accountId: ACCOUNT, endpointId };
  const old = await client.endpointAdmin.getEndpointSecret(asked);
  const rotated = await client.endpointAdmin.rotateEndpointSecret({
    ...asked,
    overlap: durationFromMs(3_600_000),
  });
  for (const secrets of [[old.secret], [rotated.secret], [old.secret, rotated.secret]]) {
    hooks.secrets = secrets;
    await hooks.await((await client.publish(booking('bkg_r'))).eventId);
  }
  const revoked = await client.endpointAdmin.revokeEndpointSecret({ ...asked, secretId: old.secretId });
  assert.equal(revoked.endpoint?.secrets.length, 1);
}

async function testAndListTypes(client: Client, { endpointId }: Endpoint): Promise<void> {
  const tested = await client.endpointAdmin.testEndpoint({ accountId: ACCOUNT, endpointId });
  assert.equal(tested.attempt?.outcome, Attempt_Outcome.SUCCEEDED);
  assert.equal((await client.endpointAdmin.listEventTypes({})).eventTypes.length, 8);
}

/** Has a delivery refused, cancels it and sends it again. */
async function failAndResend(client: Client, hooks: Hooks): Promise<Delivery> {
  hooks.status = 503;
  const { eventId } = await client.publish(booking('bkg_refused'));
  const { deliveryId } = await awaitState(client, eventId, Delivery_State.RETRYING);
  const asked = { accountId: ACCOUNT, deliveryId };
  const cancelled = await client.endpointAdmin.cancelDelivery(asked);
  assert.equal(cancelled.delivery?.state, Delivery_State.CANCELLED);
  hooks.status = 204;
  const resent = await client.endpointAdmin.resendDelivery(asked);
  assert.equal(resent.delivery?.state, Delivery_State.PENDING);
  return awaitState(client, eventId, Delivery_State.SUCCEEDED);
}

async function query(client: Client, { deliveryId, eventId }: Delivery): Promise<void> {
  const accountId = ACCOUNT;
  const { event } = await client.deliveryQuery.getEvent({ accountId, eventId });
  const full = await client.deliveryQuery.getDelivery({ accountId, deliveryId, view: DeliveryView.FULL });
  assert.ok(event?.payload);
  assert.equal(full.delivery?.payload, event.payload);
  const { attempts } = await client.deliveryQuery.listAttempts({ accountId, deliveryId });
  assert.deepEqual(
    attempts.map(({ httpStatus }) => httpStatus),
    [503, 204],
  );
  const events = await client.deliveryQuery.listEvents({ accountId, pageSize: 2 });
  const deliveries = await client.deliveryQuery.listDeliveries({ accountId, pageSize: 2 });
  assert.deepEqual([events.events.length, deliveries.deliveries.length], [2, 2]);
  assert.ok(deliveries.watchToken);
  // They follow by about a second.
  await eventually('the deliveries are counted', async () => {
    const { succeededCount } = await client.deliveryQuery.getDeliveryStats({ accountId });
    return succeededCount >= 3n || undefined;
  });
}

/** Misses an event while the endpoint is off, and gets it afterwards. */
async function disableRecoverAndDelete(
  client: Client,
  hooks: Hooks,
  { endpointId }: Endpoint,
): Promise<void> {
  const asked = { accountId: ACCOUNT, endpointId };
  const disabled = await client.endpointAdmin.disableEndpoint({ ...asked, reason: 'moving' });
  assert.equal(disabled.endpoint?.stateReason, 'moving');
  const missed = await client.publish(booking('bkg_missed'));
  assert.equal(missed.deliveryCount, 0);
  const enabled = await client.endpointAdmin.enableEndpoint(asked);
  assert.equal(enabled.endpoint?.state, Endpoint_State.ACTIVE);
  const recovered = await client.endpointAdmin.recoverEndpoint({
    ...asked,
    startTime: timestampFromDate(new Date(Date.now() - 3_600_000)),
    include: [RecoveryKind.MISSED],
  });
  assert.equal(recovered.deliveryCount, 1);
  await hooks.await(missed.eventId);
  await client.endpointAdmin.deleteEndpoint(asked);
  assert.deepEqual((await client.endpointAdmin.listEndpoints({ accountId: ACCOUNT })).endpoints, []);
}
