// Publishes one by one, in batches and over streams until SIGTERM, and then what has no acknowledgement yet.
import { setTimeout as pause } from 'node:timers/promises';

import { Client, errorDetails } from './sdk.mjs';

/** Events a second. */
const RATE = 12;
const TOGETHER_MAX = 40;
const CALL_MS = 5_000;
/** A stream whose replica is paused is given up after this; its events go elsewhere. */
const STREAM_MS = 8_000;
/** Between two tries: what keeps a caller from trying in circles while everything is down. */
const PAUSE_MS = 100;
const NAME = 'Zoë "Fox" Baker 🦊';

/** Numbers from 0 to below 1, the same for a seed (Mulberry32). */
function drawn(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export async function publish(cast, note) {
  const random = drawn(cast.seed);
  const clients = cast.replicas.map((address) => new Client(address));
  const publisher = new Publisher(cast, note, random, clients);
  const over = new AbortController();
  process.on('SIGTERM', () => over.abort());
  await publisher.run(over.signal);
  for (const client of clients) client.close();
}

class Publisher {
  number = 0;

  constructor(cast, note, random, clients) {
    Object.assign(this, { cast, note, random, clients });
  }

  async run(over) {
    while (true) {
      const size = this.random() < 0.5 ? 1 : 2 + this.below(TOGETHER_MAX - 1);
      const wait = (-Math.log(1 - this.random()) * size * 1_000) / RATE;
      await pause(wait, undefined, { signal: over }).catch(() => {});
      if (over.aborted) return;
      const requests = Array.from({ length: size }, () => this.request());
      const left = this.random() < 0.5 ? await this.stream(requests) : await this.batch(requests);
      for (const request of left) await this.publishOne(request);
    }
  }

  below(end) {
    return Math.floor(this.random() * end);
  }

  weighed(weights) {
    const all = Object.values(weights).reduce((sum, weight) => sum + weight, 0);
    let left = this.below(all);
    return Object.keys(weights).find((name) => (left -= weights[name]) < 0);
  }

  request() {
    this.number += 1;
    const key = `typescript ${this.number}`;
    const [accountId, kind] = [this.weighed(this.cast.accounts), this.weighed(this.cast.kinds)];
    this.note({ e: 'try', k: key, a: accountId, y: kind.replace('_', '.') });
    const name = kind.replace(/_(.)/, (_, letter) => letter.toUpperCase());
    return { accountId, idempotencyKey: key, data: { case: name, value: data(kind, key) } };
  }

  get client() {
    return this.clients[this.below(this.clients.length)];
  }

  /** What is left. */
  async batch(requests) {
    try {
      const { results } = await this.client.publishBatch(requests, { timeoutMs: CALL_MS });
      return requests.filter((request, place) => {
        const { result } = results[place];
        if (result.case === 'published') this.acknowledge(request, result.value);
        else this.note({ e: 'unclear', why: result.value?.message ?? 'no result' });
        return result.case !== 'published';
      });
    } catch (error) {
      this.doubt(error);
      return requests;
    }
  }

  /** What is left. */
  async stream(requests) {
    const publisher = this.client.publisher({ giveUpAfterMs: STREAM_MS });
    const settled = await Promise.all(
      requests.map(async (request) => {
        try {
          this.acknowledge(request, await (await publisher.publish(request)).result);
          return [];
        } catch (error) {
          this.doubt(error);
          return [request];
        }
      }),
    );
    await publisher.close().catch(() => {});
    return settled.flat();
  }

  async publishOne(request) {
    while (true) {
      try {
        return this.acknowledge(request, await this.client.publish(request, { timeoutMs: CALL_MS }));
      } catch (error) {
        this.doubt(error);
        await pause(PAUSE_MS);
      }
    }
  }

  acknowledge(request, published) {
    this.note({
      e: 'ack',
      k: request.idempotencyKey,
      id: published.eventId,
      n: published.deliveryCount,
      dup: published.duplicate,
    });
  }

  /** An answer that is no acknowledgement. */
  doubt(error) {
    this.note({ e: 'unclear', why: errorDetails(error)?.reason || String(error.code ?? error) });
  }
}

function data(kind, key) {
  const time = { seconds: 1_796_115_600n, nanos: 0 };
  return {
    customer_created: { customerId: key, customerName: NAME },
    booking_created: {
      bookingId: 'bkg_1', customerId: key, customerName: NAME, service: 'Massage',
      startTime: time, endTime: time, price: 0.1,
    },
    lead_qualified: { leadId: 'lead_1', leadName: NAME, score: 0.9, threshold: 0.5, customerId: key },
    workflow_triggered: { workflowId: 'wfl_1', workflowName: NAME, trigger: 't', customerId: key },
    review_created: { reviewId: 'rev_1', customerId: key, customerName: NAME, rating: 5 },
  }[kind];
}
