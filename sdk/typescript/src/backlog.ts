import { ConnectError } from '@connectrpc/connect';

import type { Pending } from './pending.js';
import { resultOf } from './result.js';
import type { PublishEventResult } from './v1.js';

/** The events of a publisher that have no result, in their order. */
export class Backlog {
  /** When a result came last, or the first of what waits was handed in, in milliseconds of `performance`. */
  progressAt = 0;
  /** What ended the last stream, for people to read; undefined since a result came. */
  broken: ConnectError | undefined;
  private pendings: Pending[] = [];
  /** How many of them were sent over the stream that is open. */
  private sent = 0;

  get size(): number {
    return this.pendings.length;
  }

  /** The one that was handed in last, whose result comes last. */
  get last(): Pending | undefined {
    return this.pendings.at(-1);
  }

  add(pending: Pending): void {
    if (this.pendings.length === 0) this.progressAt = performance.now();
    this.pendings.push(pending);
  }

  /** Undefined where all are sent. */
  nextToSend(): Pending | undefined {
    const next = this.pendings[this.sent];
    if (next) this.sent += 1;
    return next;
  }

  /** For a stream that broke: what has no result is sent once more over the next. */
  sendAgain(broken: ConnectError | undefined): void {
    this.sent = 0;
    this.broken = broken;
  }

  /** Takes a result; false where it belongs to nothing that was sent. */
  settleFirst(result: PublishEventResult | undefined): boolean {
    const first = this.sent > 0 ? this.pendings.shift() : undefined;
    if (!first) return false;
    this.sent -= 1;
    this.progressAt = performance.now();
    this.broken = undefined;
    try {
      first.succeed(resultOf(result));
    } catch (error) {
      first.fail(ConnectError.from(error));
    }
    return true;
  }

  /** Gives everything that has no result this error. */
  fail(error: ConnectError): void {
    for (const pending of this.pendings) pending.fail(error);
    this.pendings = [];
    this.sent = 0;
  }
}
