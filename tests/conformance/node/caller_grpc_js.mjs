// A caller of the service with @grpc/grpc-js: clients that retry, and a watch that resumes.

import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

import * as grpc from '@grpc/grpc-js';

// What a new stream can mend. A connection that is cut is UNAVAILABLE here.
const RESUMABLE = new Set([grpc.status.UNAVAILABLE, grpc.status.RESOURCE_EXHAUSTED]);

// One channel for the whole process, which is made anew by itself when it is cut. A client takes it as
// its `channelOverride`: clients that are given only a target and credentials connect each by itself.
export function connect(target, { serviceConfig, caFile, token }) {
  let credentials = grpc.credentials.createInsecure();
  if (caFile) credentials = grpc.credentials.createSsl(readFileSync(caFile));
  if (caFile && token) {
    credentials = grpc.credentials.combineChannelCredentials(
      credentials,
      grpc.credentials.createFromMetadataGenerator((_, done) => {
        const metadata = new grpc.Metadata();
        metadata.set('authorization', `Bearer ${token}`);
        done(null, metadata);
      }),
    );
  }
  return new grpc.Channel(target, credentials, {
    'grpc.service_config': readFileSync(serviceConfig, 'utf8'),
    'grpc.keepalive_time_ms': 60_000,
    'grpc.default_compression_algorithm': grpc.compressionAlgorithms.gzip,
  });
}

// The messages of WatchDeliveries that tell something, each update once, over any number of streams.
export class Watch {
  resumed = false;
  #revisions = new Map();

  constructor(query, request) {
    Object.assign(this, { query, request });
  }

  async *[Symbol.asyncIterator]() {
    let { resumeToken } = this.request;
    for (;;) {
      // No deadline: a watch is meant to stay.
      const call = this.query.watchDeliveries({ ...this.request, resumeToken });
      call.on('error', () => {}); // The loop throws it.
      try {
        for await (const message of call) {
          if (message.snapshotComplete || this.#isNew(message.update)) yield message;
          resumeToken = message.resumeToken; // Only now: the message has been dealt with.
        }
      } catch (error) {
        if (!RESUMABLE.has(error.code)) throw error;
      } finally {
        call.cancel();
      }
      this.resumed = true;
      await wait(100 + 900 * Math.random());
    }
  }

  #isNew(update) {
    if (!update) return false;
    const { deliveryId, revision } = update.delivery;
    const seen = this.#revisions.get(deliveryId) ?? 0;
    this.#revisions.set(deliveryId, Math.max(seen, revision));
    return revision > seen;
  }
}
