/**
 * The SDK for browsers: a client over gRPC-Web. The service has to name the page's origin in its
 * `--web-origin`.
 *
 * Browsers cannot stream requests: the publisher that streams exists in Node alone.
 *
 * @module
 */
import type { Interceptor } from '@connectrpc/connect';
import { createGrpcWebTransport } from '@connectrpc/connect-web';

import { ServiceClient } from './service_client.js';
import { type ClientOptions, readSettings } from './settings.js';
import { USER_AGENT } from './version.js';

/** Calls the service from a page, by `fetch`. */
export class Client extends ServiceClient {
  /**
   * Makes a client of the service at an address: `https://host:port` or `host:port` with TLS, or
   * `http://host:port` in the clear; without a port 443 or 80.
   *
   * Throws where the address or an option cannot be used, and where a token would travel in the clear to a
   * host that is not loopback.
   */
  constructor(address: string, options: ClientOptions = {}) {
    const { address: to, timeoutMs, interceptors } = readSettings(address, options);
    const transport = createGrpcWebTransport({
      baseUrl: to.origin,
      interceptors: [nameSdk, ...interceptors],
    });
    super(transport, timeoutMs);
  }
}

/** Browsers have a user agent of their own. */
const nameSdk: Interceptor = (next) => (request) => {
  request.header.set('x-user-agent', USER_AGENT);
  return next(request);
};

export { type ErrorDetails, errorDetails } from './error_details.js';
export type { PublishRequest } from './idempotency_key.js';
export { resultOf } from './result.js';
export type { ServiceClient } from './service_client.js';
export type { ClientOptions } from './settings.js';
export { VERSION } from './version.js';
export type { Watch, WatchRequest } from './watch.js';
