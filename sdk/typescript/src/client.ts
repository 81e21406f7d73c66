import type { Interceptor } from '@connectrpc/connect';
import { compressionGzip, createGrpcTransport, Http2SessionManager } from '@connectrpc/connect-node';

import { type CertificateOptions, readCertificates } from './certificates.js';
import { connectWithin } from './connection.js';
import { Publisher, type PublisherOptions } from './publisher.js';
import { ServiceClient } from './service_client.js';
import { type ClientOptions, readSettings } from './settings.js';
import { USER_AGENT } from './version.js';

/** What the service and proxies before it are asked no more often than. */
const KEEPALIVE_MS = 60_000;
/** A service that comes back is found within this. */
const CONNECT_MS = 10_000;

/** What a client in Node can be told. */
export interface NodeClientOptions extends ClientOptions, CertificateOptions {}

/**
 * Calls the service over one connection (gRPC over HTTP/2), which connects anew by itself. One is enough for
 * a process.
 */
export class Client extends ServiceClient {
  private readonly session: Http2SessionManager;

  /**
   * Makes a client of the service at an address: `https://host:port` or `host:port` with TLS, or
   * `http://host:port` in the clear; without a port 443 or 80. Nothing is connected before the first call.
   *
   * Throws where the address or an option cannot be used, and where a token would travel in the clear to a
   * host that is not loopback.
   */
  constructor(address: string, options: NodeClientOptions = {}) {
    const { address: to, timeoutMs, interceptors } = readSettings(address, options);
    const certificates = readCertificates(options, to.isTls);
    const session = new Http2SessionManager(
      to.origin,
      { pingIntervalMs: KEEPALIVE_MS },
      { createConnection: connectWithin(CONNECT_MS, certificates) },
    );
    const transport = createGrpcTransport({
      baseUrl: to.origin,
      sessionManager: session,
      interceptors: [nameSdk, ...interceptors],
      acceptCompression: [compressionGzip],
      sendCompression: compressionGzip,
    });
    super(transport, timeoutMs);
    this.session = session;
  }

  /** Makes a publisher; nothing is connected before its first event. End it by its `close`. */
  publisher(options: PublisherOptions = {}): Publisher {
    return new Publisher(this.eventIngest, options);
  }

  /** Ends the connection too: while it is open it keeps the process alive. */
  override close(): void {
    super.close();
    this.session.abort();
  }
}

const nameSdk: Interceptor = (next) => (request) => {
  request.header.set('user-agent', `${USER_AGENT} ${request.header.get('user-agent') ?? ''}`.trim());
  return next(request);
};
