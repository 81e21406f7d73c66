import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Backoff } from '../src/backoff.js';
import { Revisions } from '../src/revisions.js';

test('waits double up to ten seconds, and begin anew after a message', () => {
  let chance = 1;
  const waits = Backoff.ofStreams(() => chance);
  const wanted = [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000];
  assert.deepEqual(
    wanted.map(() => waits.next()),
    wanted,
  );
  assert.equal(waits.next(60_000), 60_000, 'a wait that the service asked for');
  waits.reset();
  assert.equal(waits.next(), 100);
  chance = 0;
  assert.equal(waits.next(), 0);
});

test('a revision is new once, and the delivery seen least recently is forgotten', () => {
  const seen = new Revisions(2);
  for (const [deliveryId, revision, isNew] of [
    ['a', 2, true],
    ['a', 2, false],
    ['a', 1, false],
    ['a', 3, true],
    ['b', 1, true],
    ['a', 3, false],
    ['c', 1, true],
    ['a', 3, false],
    ['b', 1, true],
  ] as const) {
    assert.equal(seen.isNew({ deliveryId, revision }), isNew, `${deliveryId} at ${revision}`);
  }
  assert.equal(seen.size, 2);
});
