import { toBinary } from '@bufbuild/protobuf';
import { Code, ConnectError, type Client as Stub } from '@connectrpc/connect';

import { Backlog } from './backlog.js';
import { Bell } from './bell.js';
import { Courier } from './courier.js';
import { Entrance } from './entrance.js';
import { abortionOf } from './failure.js';
import { keyed, type PublishRequest } from './idempotency_key.js';
import { LinkedSignal } from './linked_signal.js';
import { TIMER_MS_MAX } from './pause.js';
import { Pending } from './pending.js';
import { type EventIngest, type PublishEventRequest, PublishEventRequestSchema } from './v1.js';

/** The service reads no more requests of a stream whose results were not read. */
const OUTSTANDING_MAX = 256;

const GIVE_UP_MS_DEFAULT = 120_000;

/** What a publisher can be told. */
export interface PublisherOptions {
  /** How many events may wait for their result, 1-256. Default: 256. */
  maxOutstanding?: number | undefined;
  /**
   * For how long there may be no result, although events wait for one, before the publisher fails them all,
   * in milliseconds; more than 0, at most 24 days. Default: 120,000.
   */
  giveUpAfterMs?: number | undefined;
  /** Ends the publisher: what has no result fails. */
  signal?: AbortSignal | undefined;
}

/**
 * Publishes events one by one as they come, nearly as fast as batches. Where its stream breaks it opens
 * another and sends again whatever has no result, with the same idempotency keys: nothing is lost, and
 * nothing is there twice.
 */
export class Publisher {
  private readonly giveUpMs: number;
  private readonly backlog = new Backlog();
  private readonly changes = new Bell();
  private readonly entrance: Entrance;
  private readonly ending: LinkedSignal;
  private readonly courier: Courier;
  private readonly ended: Promise<void>;
  private failure: ConnectError | undefined;
  private guard: NodeJS.Timeout | undefined;

  /** Use `client.publisher`. @internal */
  constructor(ingest: Stub<typeof EventIngest>, options: PublisherOptions) {
    const { maxOutstanding = OUTSTANDING_MAX, giveUpAfterMs = GIVE_UP_MS_DEFAULT, signal } = options;
    if (!Number.isInteger(maxOutstanding) || maxOutstanding < 1 || maxOutstanding > OUTSTANDING_MAX) {
      throw new Error(`${maxOutstanding} outstanding events are not 1-${OUTSTANDING_MAX}`);
    }
    if (!(giveUpAfterMs > 0 && giveUpAfterMs <= TIMER_MS_MAX)) {
      throw new Error(`to give up after ${giveUpAfterMs} ms is not after more than 0 and at most 24 days`);
    }
    this.giveUpMs = giveUpAfterMs;
    this.entrance = new Entrance(() => this.backlog.size < maxOutstanding);
    this.ending = new LinkedSignal(signal);
    this.courier = new Courier(ingest, this.backlog, this.changes, this.ending.signal, () =>
      this.entrance.admit(),
    );
    const failAborted = () => this.fail(abortionOf(this.ending.signal));
    if (this.ending.signal.aborted) failAborted();
    this.ending.signal.addEventListener('abort', failAborted);
    this.ended = this.run();
  }

  /**
   * Hands in an event, and waits while as many as may be are outstanding. Events are stored in the order in
   * which they are handed in. The request gets a key as in `client.publish`, in a copy.
   *
   * @throws ConnectError: after `close`, where the signal was earlier, where the request cannot be written,
   * and what the publisher gave up with. The event was then not published.
   */
  async publish(
    request: PublishRequest,
    options: { signal?: AbortSignal | undefined } = {},
  ): Promise<Pending> {
    const pending = new Pending(keyed(request));
    refuseUnwritable(pending.request);
    await this.entrance.pass(() => this.enter(pending), options.signal);
    return pending;
  }

  /**
   * Waits until every event that was handed in has its result.
   *
   * @throws ConnectError: what the publisher gave up with. What came of single events is in their results.
   */
  async flush(): Promise<void> {
    // Results come in order.
    await this.backlog.last?.result.catch(() => {});
    if (this.failure) throw this.failure;
  }

  /**
   * Waits until every event has its result, and ends the stream. It takes no longer than the publisher goes
   * on without a result; the signal ends it at once. A second `close` does the same.
   *
   * @throws ConnectError: what the publisher gave up with.
   */
  async close(): Promise<void> {
    this.courier.isClosing = true;
    this.entrance.close(new ConnectError('the publisher is closed', Code.FailedPrecondition));
    this.changes.ring();
    await this.ended;
    if (this.failure) throw this.failure;
  }

  private async run(): Promise<void> {
    const unmended = await this.courier.carry();
    if (unmended) this.fail(unmended);
    clearTimeout(this.guard);
    this.ending.release();
  }

  private enter(pending: Pending): void {
    this.backlog.add(pending);
    this.guard ??= this.guardFor(this.giveUpMs);
    this.changes.ring();
  }

  /** Sees later whether results come. It keeps no process alive: with nothing else left, none can come. */
  private guardFor(milliseconds: number): NodeJS.Timeout {
    return setTimeout(() => this.judgeProgress(), milliseconds).unref();
  }

  private judgeProgress(): void {
    this.guard = undefined;
    if (this.backlog.size === 0) return;
    const left = this.giveUpMs - (performance.now() - this.backlog.progressAt);
    if (left > 0) {
      this.guard = this.guardFor(left);
      return;
    }
    const { broken } = this.backlog;
    const why = broken ? `the last stream ended with ${broken.message}` : 'the service does not answer';
    this.fail(new ConnectError(`no result for ${this.giveUpMs / 1000} s: ${why}`, Code.Unavailable));
  }

  /** Gives everything that has no result this error, and refuses what comes. */
  private fail(error: ConnectError): void {
    if (this.failure) return;
    this.failure = error;
    this.backlog.fail(error);
    this.entrance.close(error);
    this.ending.abort();
    this.changes.ring();
  }
}

/** What cannot be written would end the stream, and the next one again. */
function refuseUnwritable(request: PublishEventRequest): void {
  try {
    toBinary(PublishEventRequestSchema, request);
  } catch (cause) {
    throw new ConnectError(
      `the request cannot be sent: ${cause}`,
      Code.Internal,
      undefined,
      undefined,
      cause,
    );
  }
}
