import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parse, verify, WebhookError } from '../src/receiver.js';
import { vectors } from './stage/vectors.js';

const at = (seconds: number) => new Date(seconds * 1000);

/** What a vector calls what came of it. */
function outcome(judge: () => unknown): { outcome: string; header: string; field: string } {
  try {
    judge();
    return { outcome: 'OK', header: '', field: '' };
  } catch (error) {
    assert.ok(error instanceof WebhookError, String(error));
    return { outcome: error.code, header: error.header ?? '', field: error.field ?? '' };
  }
}

for (const kind of ['signing', 'verifying', 'bodies', 'malformed'] as const) {
  test(`there are vectors for ${kind}`, () => assert.ok(vectors[kind].length > 0));
}

for (const { name, secrets, body, headers, timestamp } of vectors.signing) {
  test(`what the service signs verifies with each secret and with all: ${name}`, () => {
    for (const held of [secrets, ...secrets]) {
      const event = verify(body, headers, held, { now: at(timestamp) });
      assert.equal(Buffer.from(event.raw).toString(), body);
    }
  });
}

for (const vector of vectors.verifying) {
  test(`verifying has the outcome of: ${vector.name}`, () => {
    const options = { toleranceSeconds: vector.tolerance_seconds, now: at(vector.now) };
    const got = outcome(() => verify(Buffer.from(vector.body), vector.headers, vector.secrets, options));
    assert.deepEqual([got.outcome, got.header], [vector.outcome, vector.header ?? '']);
  });
}

for (const { name, body, field } of vectors.malformed) {
  test(`a malformed body is refused by its field: ${name}`, () => {
    const got = outcome(() => parse(body));
    assert.deepEqual(got, { outcome: 'MALFORMED_BODY', header: '', field: field ?? '' });
  });
}

for (const { name, id, body } of vectors.bodies) {
  test(`the fields of a body are those of its data: ${name}`, () => {
    const event = parse(body);
    const written = JSON.parse(body);
    assert.deepEqual([event.id, event.type], [id, written.event]);
    assert.equal(event.createdAtNanos, nanosOf(written.created_at));
    assert.equal(event.createdAt.getTime(), Date.parse(written.created_at));
    assert.deepEqual(event.rawData, written.data);
    const read = event.kind === 'other' ? event.data : Object.fromEntries(snakeCased(event.data));
    assert.deepEqual(read, event.kind === 'other' ? written.data : withDates(written.data));
  });
}

/** `bookingId` is booking_id in JSON. */
function snakeCased(data: object): [string, unknown][] {
  return Object.entries(data).map(([name, value]) => [
    name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    value,
  ]);
}

function withDates(data: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(data).map(([name, value]) => [
      name,
      name.endsWith('_time') ? new Date(value as string) : value,
    ]),
  );
}

/** Of what the service sends: UTC, with up to nine digits after the second. */
function nanosOf(text: string): bigint {
  const [seconds = '', fraction = ''] = text.slice(0, -1).split('.');
  return BigInt(Date.parse(`${seconds}Z`)) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}
