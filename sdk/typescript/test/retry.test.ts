import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { Code, ConnectError } from '@connectrpc/connect';

import { errorDetails } from '../src/index.js';
import {
  ATTEMPTS_MAX,
  attemptsOf,
  TEST_TIMEOUT_MS,
  TIMEOUT_MS,
  timeoutOf,
  WAIT_FIRST_MS,
  WAIT_MAX_MS,
} from '../src/policy.js';
import { EndpointAdmin, EventIngest } from '../src/v1.js';
import { CHECKOUT } from './stage/checkout.js';
import { Moody, pushedBack, said } from './stage/moody.js';
import { booking } from './stage/samples.js';
import { connect } from './stage/service.js';
import { startSilent } from './stage/silent.js';

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('a publish is tried again with the same key, and leaves the request as it is', async (t) => {
  const service = await Moody.start(t, said(Code.Unavailable, 'OVERLOADED'), pushedBack(0), pushedBack(1));
  const client = connect(t, service.address);
  const request = booking('bkg_1');
  await client.publish(request);
  await client.publish(request);
  const keys = service.publishes.map(({ key }) => key);
  assert.equal(keys.length, 5);
  assert.deepEqual(new Set(keys.slice(0, 4)).size, 1);
  assert.notEqual(keys[3], keys[4]);
  for (const key of keys) assert.match(key, UUID_V4);
  assert.equal(request.idempotencyKey, '');
  assert.match(service.publishes[0]?.agent ?? '', /^bookora-webhooks-sdk-typescript\/0\.1\.0 /);
});

test('after the last attempt the error is given', async (t) => {
  const service = await Moody.start(t, ...Array.from({ length: 5 }, () => pushedBack(0)));
  await assert.rejects(connect(t, service.address).publish(booking('bkg_1')), { code: Code.Unavailable });
  assert.equal(service.publishes.length, 4);
});

test('what is not UNAVAILABLE, and what the service does not want again, is not tried again', async (t) => {
  for (const mood of [said(Code.Internal, 'INTERNAL'), pushedBack(-1)]) {
    const service = await Moody.start(t, mood);
    await assert.rejects(connect(t, service.address).publish(booking('bkg_1')), { code: mood.code });
    assert.equal(service.publishes.length, 1);
  }
});

test('a wait past the deadline is not begun', async (t) => {
  const service = await Moody.start(t, pushedBack(60_000));
  await assert.rejects(connect(t, service.address).publish(booking('bkg_1')), { code: Code.Unavailable });
});

test('a call that is cancelled while it waits ends at once', async (t) => {
  const service = await Moody.start(t, pushedBack(20_000));
  const cancelling = new AbortController();
  const call = connect(t, service.address).publish(booking('bkg_1'), { signal: cancelling.signal });
  setTimeout(() => cancelling.abort(), 50);
  await assert.rejects(call, { code: Code.Canceled });
});

test('a call has its own deadline or thirty seconds', async (t) => {
  const service = await Moody.start(t);
  const client = connect(t, service.address);
  await client.publish(booking('bkg_1'));
  await client.publish(booking('bkg_1'), { timeoutMs: 10_000 });
  await client.publish(booking('bkg_1'), { timeoutMs: 600_000 });
  await connect(t, service.address, { timeoutMs: 5_000 }).publish(booking('bkg_1'));
  const wanted = [30_000, 10_000, 600_000, 5_000];
  for (const [index, { timeoutMs }] of service.publishes.entries()) {
    const wantedMs = wanted[index] ?? 0;
    assert.ok(
      timeoutMs <= wantedMs && timeoutMs > wantedMs - 4_000,
      `call ${index} had ${timeoutMs} ms left`,
    );
  }
});

test('a call that is not answered ends at its deadline', async (t) => {
  const address = await startSilent(t);
  const call = connect(t, address).publish(booking('bkg_1'), { timeoutMs: 50 });
  await assert.rejects(call, { code: Code.DeadlineExceeded });
});

test('a watch resumes after every kind of break and drops what came before', async (t) => {
  const service = await Moody.start(
    t,
    said(Code.Unavailable, 'WATCH_AGE_REACHED'),
    undefined,
    said(Code.ResourceExhausted, 'WATCH_TOO_SLOW'),
    new ConnectError('the stream was reset', Code.Internal),
    said(Code.OutOfRange, 'RESUME_TOKEN_EXPIRED'),
  );
  const revisions: (number | undefined)[] = [];
  const watching = async () => {
    for await (const { message } of connect(t, service.address).watch({ accountId: 'acct_1' })) {
      if (message.case === 'update') revisions.push(message.value.delivery?.revision);
    }
  };
  await assert.rejects(watching, (error) => errorDetails(error).reason === 'RESUME_TOKEN_EXPIRED');
  // The first stream tells of revision 0 too.
  assert.deepEqual(revisions, [0, 1, 2, 3, 4, 5]);
  assert.deepEqual(service.tokens, ['', 'after 1', 'after 2', 'after 3', 'after 4']);
});

test('an exhausted quota ends a watch', async (t) => {
  const service = await Moody.start(t, said(Code.ResourceExhausted, 'QUOTA_EXCEEDED'));
  const watch = connect(t, service.address).watch({ accountId: 'acct_1' });
  await watch.next();
  await watch.next();
  await assert.rejects(watch.next(), (error) => errorDetails(error).reason === 'QUOTA_EXCEEDED');
});

test("the figures are those of the contract's service config", () => {
  const path = join(CHECKOUT, 'proto/bookora/webhooks/v1/service_config.json');
  const { methodConfig } = JSON.parse(readFileSync(path, 'utf8'));
  const [unary, watch, testEndpoint] = methodConfig;
  assert.equal(methodConfig.length, 3);
  assert.equal(unary.timeout, `${TIMEOUT_MS / 1000}s`);
  assert.deepEqual(unary.retryPolicy, {
    maxAttempts: ATTEMPTS_MAX,
    initialBackoff: `${WAIT_FIRST_MS / 1000}s`,
    maxBackoff: `${WAIT_MAX_MS / 1000}s`,
    backoffMultiplier: 2,
    retryableStatusCodes: ['UNAVAILABLE'],
  });
  assert.equal(watch.timeout, undefined);
  assert.deepEqual(testEndpoint, {
    name: [{ service: EndpointAdmin.typeName, method: EndpointAdmin.method.testEndpoint.name }],
    timeout: `${TEST_TIMEOUT_MS / 1000}s`,
  });
});

test('TestEndpoint has 45 s or longer, and is not tried again', () => {
  const { testEndpoint } = EndpointAdmin.method;
  const { publishEvent } = EventIngest.method;
  assert.deepEqual([attemptsOf(testEndpoint), attemptsOf(publishEvent)], [1, 4]);
  assert.deepEqual(
    [undefined, 1_000, 60_000].map((chosen) => timeoutOf(testEndpoint, chosen)),
    [45_000, 45_000, 60_000],
  );
  assert.deepEqual(
    [undefined, 1_000].map((chosen) => timeoutOf(publishEvent, chosen)),
    [30_000, 1_000],
  );
});
