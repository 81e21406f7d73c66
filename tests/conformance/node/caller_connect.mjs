// A caller of the service with Connect: transports that retry, and a watch that resumes.

import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

import { durationMs } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError } from '@connectrpc/connect';
import { compressionGzip, createGrpcTransport } from '@connectrpc/connect-node';
import { createGrpcWebTransport } from '@connectrpc/connect-web';

import { ErrorInfoSchema, RetryInfoSchema } from './gen/google/rpc/error_details_pb.js';

const ATTEMPTS_MAX = 4;
const DEADLINE_MS = 10_000;

// A connection that is cut has any of these codes here. What the service itself says has an ErrorInfo.
const CUT = [Code.Canceled, Code.Aborted, Code.Internal, Code.Unknown];

// Whether the same again may go better.
function isPassing(error) {
  if (error.code === Code.Unavailable) return true;
  return CUT.includes(error.code) && error.findDetails(ErrorInfoSchema).length === 0;
}

// Connect has no retries of its own.
const retry = (next) => async (request) => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await next(request);
    } catch (reason) {
      // A failed fetch is not one yet.
      const error = ConnectError.from(reason);
      const isLast = request.stream || request.signal.aborted || attempt === ATTEMPTS_MAX;
      if (isLast || !isPassing(error)) throw error;
      const [asked] = error.findDetails(RetryInfoSchema);
      await wait(asked ? durationMs(asked.retryDelay) : Math.random() * 200 * 2 ** attempt);
    }
  }
};

const bearer = (token) => (next) => (request) => {
  request.header.set('authorization', `Bearer ${token}`);
  return next(request);
};

export function connectGrpc(baseUrl, { caFile, token }) {
  return createGrpcTransport({
    baseUrl,
    interceptors: token ? [retry, bearer(token)] : [retry],
    defaultTimeoutMs: DEADLINE_MS,
    sendCompression: compressionGzip,
    pingIntervalMs: 60_000,
    nodeOptions: caFile && { ca: readFileSync(caFile) },
  });
}

// What runs in a browser; there `fetch` decides whom to trust.
export function connectGrpcWeb(baseUrl, { token }) {
  return createGrpcWebTransport({
    baseUrl,
    interceptors: token ? [retry, bearer(token)] : [retry],
    defaultTimeoutMs: DEADLINE_MS,
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
      const stop = new AbortController();
      try {
        // Without the transport's deadline: a watch is meant to stay.
        const options = { timeoutMs: 0, signal: stop.signal };
        const stream = this.query.watchDeliveries({ ...this.request, resumeToken }, options);
        for await (const response of stream) {
          const { case: kind, value } = response.message;
          if (kind === 'snapshotComplete' || this.#isNew(kind, value)) yield response;
          resumeToken = response.resumeToken; // Only now: the message has been dealt with.
        }
      } catch (reason) {
        const error = ConnectError.from(reason);
        if (error.code !== Code.ResourceExhausted && !isPassing(error)) throw error;
      } finally {
        stop.abort();
      }
      this.resumed = true;
      await wait(100 + 900 * Math.random());
    }
  }

  #isNew(kind, update) {
    if (kind !== 'update') return false;
    const { deliveryId, revision } = update.delivery;
    const seen = this.#revisions.get(deliveryId) ?? 0;
    this.#revisions.set(deliveryId, Math.max(seen, revision));
    return revision > seen;
  }
}
