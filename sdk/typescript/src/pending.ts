import type { ConnectError } from '@connectrpc/connect';

import type { PublishEventRequest, PublishEventResponse } from './v1.js';

/** An event that was handed to a publisher. */
export class Pending {
  /**
   * Comes when the event is on disk, or is refused: it then rejects with the error of this event alone, as
   * `publish` would have thrown it, or with the one that the publisher gave up with. An event with
   * UNAVAILABLE may be published again, as `request` has it. Nobody has to look at it.
   */
  readonly result: Promise<PublishEventResponse>;
  private settled = false;
  private resolve!: (response: PublishEventResponse) => void;
  private reject!: (error: ConnectError) => void;

  /** Use the publisher's `publish`. @internal */
  constructor(
    /** The request as it is sent, with its idempotency key. */
    readonly request: PublishEventRequest,
  ) {
    this.result = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // Node would end the process where nobody looks.
    this.result.catch(() => {});
  }

  /** Whether there is a result. */
  get isSettled(): boolean {
    return this.settled;
  }

  /** The event is on disk. @internal */
  succeed(response: PublishEventResponse): void {
    this.settled = true;
    this.resolve(response);
  }

  /** The event is refused, or given up. @internal */
  fail(error: ConnectError): void {
    this.settled = true;
    this.reject(error);
  }
}
