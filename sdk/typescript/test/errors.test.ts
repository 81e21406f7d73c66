import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Code } from '@connectrpc/connect';

import { type ErrorDetails, errorDetails, resultOf } from '../src/index.js';
import { ErrorReason } from '../src/v1.js';
import { ACCOUNT, booking, subscribe } from './stage/samples.js';
import { connect, connectSecurely, Service, startSecured } from './stage/service.js';
import { startSilent } from './stage/silent.js';

/** Expects a call to fail with a code and a known reason, and gives the details. */
async function failed(
  call: Promise<unknown>,
  code: Code,
  reason: keyof typeof ErrorReason,
): Promise<ErrorDetails> {
  const details = await call.then(() => assert.fail('it did not fail'), errorDetails);
  assert.deepEqual([details.code, details.reason, details.knownReason], [code, reason, ErrorReason[reason]]);
  return details;
}

test('the details of an error are typed', async (t) => {
  const client = connect(t, (await Service.start(t)).address);
  const bad = client.publish(booking('bkg_1', { price: -1 }));
  const [violation] = (await failed(bad, Code.InvalidArgument, 'INVALID_FIELDS')).fieldViolations;
  assert.equal(violation?.field, 'booking_created.price');
  assert.ok(violation.description);

  const idempotencyKey = 'bkg_1 created';
  const first = await client.publish(booking('bkg_1', { idempotencyKey }));
  const other = booking('bkg_1', { idempotencyKey, price: 151 });
  const reused = await failed(client.publish(other), Code.AlreadyExists, 'IDEMPOTENCY_KEY_REUSED');
  assert.equal(reused.resource?.resourceName, first.eventId);
  assert.ok(reused.resource.resourceType);
  const { results } = await client.publishBatch([other, booking('bkg_2')]);
  await failed(Promise.resolve(results[0]).then(resultOf), Code.AlreadyExists, 'IDEMPOTENCY_KEY_REUSED');
  assert.ok(resultOf(results[1]).eventId);

  const admin = client.endpointAdmin;
  const nobody = { accountId: ACCOUNT, endpointId: 'ep_00000000000000000000000000' };
  await failed(admin.getEndpoint(nobody), Code.NotFound, 'ENDPOINT_NOT_FOUND');
  const { endpoint } = await subscribe(client, 'http://127.0.0.1:9/');
  assert.ok(endpoint);
  const stale = { ...endpoint, etag: 'another', description: 'changed' };
  await failed(admin.updateEndpoint({ endpoint: stale }), Code.Aborted, 'ETAG_MISMATCH');
  const rotate = { accountId: ACCOUNT, endpointId: endpoint.endpointId };
  await admin.rotateEndpointSecret(rotate);
  const again = admin.rotateEndpointSecret(rotate);
  const { preconditionViolations } = await failed(again, Code.FailedPrecondition, 'ROTATION_IN_PROGRESS');
  assert.equal(preconditionViolations.length, 1);
});

test('what credentials lack is said', async (t) => {
  const { service, viewer } = await startSecured(t);
  for (const [token, code, reason] of [
    ['', Code.Unauthenticated, 'CREDENTIALS_MISSING'],
    ['bwt_unknown', Code.Unauthenticated, 'CREDENTIALS_INVALID'],
    [viewer, Code.PermissionDenied, 'PERMISSION_DENIED'],
  ] as const) {
    const client = await connectSecurely(t, service.address, { token });
    await failed(client.publish(booking('bkg_1')), code, reason);
  }
});

test('a call that is cut is UNAVAILABLE, as are those to nobody there', async (t) => {
  const service = await Service.start(t);
  const client = connect(t, service.address);
  const { endpoint } = await subscribe(client, `http://${await startSilent(t)}/`);
  assert.ok(endpoint);
  const test = client.endpointAdmin.testEndpoint({ accountId: ACCOUNT, endpointId: endpoint.endpointId });
  // The receiver does not answer: what the test is told of first is that the service is gone.
  const cut = failedWith(test, Code.Unavailable);
  // It is there, so that the one before it is under way.
  await client.endpointAdmin.listEndpoints({ accountId: ACCOUNT });
  await service.kill();
  await cut;
  await failedWith(client.deliveryQuery.listEvents({}, { timeoutMs: 400 }), Code.Unavailable);
});

/** Expects a call to fail with a code that is not the service's. */
async function failedWith(call: Promise<unknown>, code: Code): Promise<void> {
  const details = await call.then(() => assert.fail('it did not fail'), errorDetails);
  assert.deepEqual([details.code, details.reason], [code, '']);
}

test('an error of somebody else has no reason', () => {
  const { code, reason, knownReason } = errorDetails(new Error('else'));
  assert.deepEqual([code, reason, knownReason], [Code.Unknown, '', ErrorReason.UNSPECIFIED]);
  assert.throws(() => resultOf(undefined), { code: Code.Internal });
});
