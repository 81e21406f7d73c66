import {
  type CallOptions,
  Code,
  ConnectError,
  createClient,
  type Client as Stub,
  type Transport,
} from '@connectrpc/connect';

import { Calls } from './calls.js';
import { keyed, type PublishRequest } from './idempotency_key.js';
import {
  type BatchPublishEventsResponse,
  DeliveryQuery,
  EndpointAdmin,
  EventIngest,
  type PublishEventResponse,
} from './v1.js';
import { Watch, type WatchRequest } from './watch.js';

/**
 * What clients in Node and in browsers have: the three generated stubs of Connect, and what stubs lack.
 *
 * Every unary call has 30 s, or its own `timeoutMs`, retries included. What is UNAVAILABLE, which is also a
 * connection that was lost, is tried again within it as the service's published config says, up to 4 attempts
 * in all. Errors are ConnectErrors; `errorDetails` reads them.
 */
export abstract class ServiceClient {
  /** Publishes events; `publish` and `publishBatch` give each an idempotency key beside. */
  readonly eventIngest: Stub<typeof EventIngest>;
  /** Manages endpoints, and sends again what did not arrive. */
  readonly endpointAdmin: Stub<typeof EndpointAdmin>;
  /** Tells what became of events and deliveries; `watch` resumes by itself beside. */
  readonly deliveryQuery: Stub<typeof DeliveryQuery>;

  private readonly closing = new AbortController();

  protected constructor(transport: Transport, timeoutMs: number | undefined) {
    const calls = new Calls(transport, timeoutMs, this.closing.signal);
    this.eventIngest = createClient(EventIngest, calls);
    this.endpointAdmin = createClient(EndpointAdmin, calls);
    this.deliveryQuery = createClient(DeliveryQuery, calls);
  }

  /**
   * Publishes one event. Where the request has no idempotency key it is sent with a random one, so that the
   * retries of this call make no second event; the request itself is not changed. A key of one's own, which
   * names what happened, covers also a publisher that crashes and begins again.
   */
  publish(request: PublishRequest, options?: CallOptions): Promise<PublishEventResponse> {
    return this.eventIngest.publishEvent(keyed(request), options);
  }

  /**
   * Publishes 1-500 events in one transaction, with keys as `publish` makes them. `resultOf` reads each of
   * the results, which are in the order of the requests.
   */
  publishBatch(
    requests: readonly PublishRequest[],
    options?: CallOptions,
  ): Promise<BatchPublishEventsResponse> {
    return this.eventIngest.batchPublishEvents({ requests: requests.map(keyed) }, options);
  }

  /**
   * Begins to watch: the request says what, from which token, and whether with a snapshot. It ends with the
   * signal, with `close`, or when its loop is left.
   */
  watch(request: WatchRequest, options: { signal?: AbortSignal | undefined } = {}): Watch {
    return new Watch(this.deliveryQuery, request, options.signal);
  }

  /** Ends every call, watch and publisher, with CANCELLED. Close publishers before. */
  close(): void {
    this.closing.abort(new ConnectError('the client is closed', Code.Canceled));
  }
}
