import { clone, create, type MessageInitShape } from '@bufbuild/protobuf';
import { ConnectError, type Client as Stub } from '@connectrpc/connect';

import { Backoff } from './backoff.js';
import { errorDetails } from './error_details.js';
import { abortionOf } from './failure.js';
import { LinkedSignal } from './linked_signal.js';
import { pause } from './pause.js';
import { isResumable } from './resumption.js';
import { Revisions } from './revisions.js';
import {
  type DeliveryQuery,
  type WatchDeliveriesRequest,
  WatchDeliveriesRequestSchema,
  type WatchDeliveriesResponse,
} from './v1.js';

/** A request to watch: a message, or its fields alone. */
export type WatchRequest = MessageInitShape<typeof WatchDeliveriesRequestSchema>;

/**
 * Follows deliveries over any number of streams: it opens another after every disconnect, where the one
 * before ended.
 *
 * It gives the messages that tell something: each update, once, and snapshot_complete after a snapshot. It
 * waits for the next one, and ends when it is closed or its loop is left; what a new stream does not mend,
 * such as a resume token that has expired, is thrown as a ConnectError.
 *
 * ```ts
 * for await (const { message } of client.watch({ accountId: 'acct_1' })) {
 *   if (message.case === 'update') console.log(message.value.delivery?.state);
 * }
 * ```
 */
export class Watch implements AsyncIterableIterator<WatchDeliveriesResponse> {
  private readonly request: WatchDeliveriesRequest;
  private readonly seen = new Revisions();
  private readonly waits = Backoff.ofStreams();
  private readonly closing = new AbortController();
  private readonly messages: AsyncGenerator<WatchDeliveriesResponse, undefined>;

  /** Use `client.watch`. @internal */
  constructor(
    private readonly query: Stub<typeof DeliveryQuery>,
    request: WatchRequest,
    private readonly signal: AbortSignal | undefined,
  ) {
    this.request = clone(WatchDeliveriesRequestSchema, create(WatchDeliveriesRequestSchema, request));
    this.messages = this.follow();
  }

  /**
   * The token of the last message that was dealt with: whose next one was asked for. Store it, and give it to
   * a later watch, which then goes on from there. Empty before there is one.
   */
  get resumeToken(): string {
    return this.request.resumeToken;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Waits for the next message. Asking for it says that the one before was dealt with. */
  next(): Promise<IteratorResult<WatchDeliveriesResponse, undefined>> {
    return this.messages.next();
  }

  /** Closes the watch: a loop does it when it is left. */
  return(): Promise<IteratorResult<WatchDeliveriesResponse, undefined>> {
    this.close();
    return this.messages.return(undefined);
  }

  /** Ends the watch at once, also while somebody waits for a message, who then gets the end. */
  close(): void {
    this.closing.abort();
  }

  private async *follow(): AsyncGenerator<WatchDeliveriesResponse, undefined> {
    const linked = new LinkedSignal(this.closing.signal, this.signal);
    try {
      while (!linked.signal.aborted) {
        const { error, worked } = yield* this.followOne(linked.signal);
        if (linked.signal.aborted) break;
        if (!isResumable(error, worked)) throw error;
        await pause(this.waits.next(error && errorDetails(error).retryDelayMs), linked.signal);
      }
      if (!this.closing.signal.aborted) throw abortionOf(linked.signal);
      return undefined;
    } finally {
      linked.release();
    }
  }

  /** Opens one stream, and says what ended it and whether a message had come. */
  private async *followOne(ending: AbortSignal) {
    const linked = new LinkedSignal(ending);
    let worked = false;
    try {
      const stream = this.query.watchDeliveries(this.request, { signal: linked.signal });
      for await (const message of stream) {
        worked = true;
        this.waits.reset();
        if (this.tells(message)) yield message;
        // Only now was it dealt with. A snapshot's messages have none: a watch that is cut there begins anew.
        if (message.resumeToken) this.request.resumeToken = message.resumeToken;
      }
      return { error: undefined, worked };
    } catch (reason) {
      return { error: ConnectError.from(reason), worked };
    } finally {
      linked.abort();
    }
  }

  private tells({ message }: WatchDeliveriesResponse): boolean {
    if (message.case !== 'update') return message.case === 'snapshotComplete';
    return message.value.delivery !== undefined && this.seen.isNew(message.value.delivery);
  }
}
