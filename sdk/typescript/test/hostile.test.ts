import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readTime } from '../src/receiver/time.js';
import { type Event, parse, statusOf, verify, WebhookError, type WebhookHeaders } from '../src/receiver.js';
import { vectors } from './stage/vectors.js';

const SECRET = 'whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';

function refused(judge: () => Event): WebhookError {
  try {
    judge();
  } catch (error) {
    assert.ok(error instanceof WebhookError, String(error));
    return error;
  }
  return assert.fail('it is taken');
}

test('headers come in every form that frameworks have them in', () => {
  const [vector] = vectors.signing;
  assert.ok(vector);
  const { headers, body, secrets, timestamp } = vector;
  const uppercase = Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value] as const);
  const forms: WebhookHeaders[] = [
    headers,
    new Headers(headers),
    new Map(uppercase),
    Object.fromEntries(uppercase),
    Object.fromEntries(uppercase.map(([name, value]) => [name, [value]])),
    { ...headers, 'x-other': undefined },
  ];
  for (const form of forms) {
    assert.equal(verify(body, form, secrets, { now: new Date(timestamp * 1000) }).id, headers['webhook-id']);
  }
});

test('a header that came twice is refused also where a framework has joined it', () => {
  const joined = new Headers([
    ['webhook-id', 'a'],
    ['webhook-id', 'b'],
  ]);
  for (const headers of [joined, { 'webhook-id': 'a', 'Webhook-Id': 'b' }, { 'webhook-id': ['a', 'b'] }]) {
    const error = refused(() => verify('', headers, SECRET));
    assert.deepEqual([error.code, error.header], ['INVALID_HEADER', 'webhook-id']);
  }
});

test('a secret that was changed on its way is a mistake, and is not shown', () => {
  for (const changed of [
    `${SECRET}\n`,
    `${SECRET.slice(0, 20)}\r\n${SECRET.slice(20)}`,
    SECRET.replace('h8=', 'h9='),
    SECRET.replace('=', ''),
    SECRET.replace('AAEC', '-_EC'),
  ]) {
    const error = refused(() => verify('', {}, ['good enough as a secret', changed]));
    assert.equal(error.code, 'INVALID_SECRET');
    assert.match(error.message, /number 2 of 2/);
    assert.doesNotMatch(error.message, /AAECAw/);
    assert.equal(statusOf(error), 500);
  }
});

test('errors have an HTTP status to answer', () => {
  assert.equal(statusOf(refused(() => verify('{}', {}, SECRET))), 401);
  assert.equal(statusOf(refused(() => parse('[]'))), 400);
  assert.equal(statusOf(new Error('of somebody else')), 500);
});

test('null in an optional field, a byte order mark and a number beyond all are malformed', () => {
  const customer = '"customer_id":"cus_1","customer_name":"Zoë"';
  const lead = '"lead_id":"l_1","lead_name":"Zoë","threshold":1';
  const bodyOf = (type: string, data: string) =>
    `{"event":"${type}","id":"evt_1","created_at":"2026-11-24T11:34:03Z","data":{${data}}}`;
  const good = bodyOf('customer.created', customer);
  assert.equal(parse(good).kind, 'customer.created');
  for (const [body, field] of [
    [bodyOf('customer.created', `${customer},"email":null`), 'data.email'],
    [bodyOf('lead.qualified', `${lead},"score":1e999`), 'data.score'],
    [bodyOf('constructor', '').replace('{}', 'null'), 'data'],
    [`\ufeff${good}`, undefined],
  ] as const) {
    const error = refused(() => parse(body));
    assert.deepEqual([error.code, error.field], ['MALFORMED_BODY', field]);
  }
  assert.equal(parse(bodyOf('constructor', '')).kind, 'other');
});

test('times are those of RFC 3339, to the nanosecond', () => {
  for (const [text, nanos] of [
    ['1970-01-01T00:00:00Z', 0n],
    ['1970-01-01T00:00:00.000000001Z', 1n],
    ['1970-01-01T00:00:01.5+00:00', 1_500_000_000n],
    ['1970-01-01T01:00:00-00:30', 5_400_000_000_000n],
    ['1969-12-31T23:59:59.999Z', -1_000_000n],
  ] as const) {
    assert.equal(readTime(text), nanos, text);
  }
  for (const text of [
    '',
    '2026-02-29T00:00:00Z',
    '2026-01-01T24:00:00Z',
    '2026-01-01T00:00:60Z',
    '2026-01-01T00:00:00',
    '2026-01-01T00:00:00.Z',
    '2026-01-01T00:00:00,5Z',
    '2026-01-01t00:00:00Z',
    '2026-01-01 00:00:00Z',
    '2026-1-01T00:00:00Z',
    '2026-01-01T00:00:00+24:00',
    '2026-01-01T00:00:00Z\n',
  ]) {
    assert.equal(readTime(text), undefined, text);
  }
});
