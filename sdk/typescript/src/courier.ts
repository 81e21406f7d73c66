import { create } from '@bufbuild/protobuf';
import { Code, ConnectError, type Client as Stub } from '@connectrpc/connect';
import type { Backlog } from './backlog.js';
import { Backoff } from './backoff.js';
import type { Bell } from './bell.js';
import { errorDetails } from './error_details.js';
import { LinkedSignal } from './linked_signal.js';
import { pause } from './pause.js';
import { isResumable } from './resumption.js';
import { type EventIngest, StreamPublishEventsRequestSchema } from './v1.js';

/** For a service that has answered all to end the stream too; then it is cut. */
const CLOSE_WAIT_MS = 5_000;

/** Takes the events of a publisher to the service, over one stream after the other. */
export class Courier {
  /** Whether nothing more comes: it ends when all has a result. */
  isClosing = false;

  constructor(
    private readonly ingest: Stub<typeof EventIngest>,
    private readonly backlog: Backlog,
    /** Rings where there is something to send, or nothing more comes, or it has to end. */
    private readonly changes: Bell,
    private readonly ending: AbortSignal,
    /** Is told of every result. */
    private readonly onResult: () => void,
  ) {}

  /** Goes on until it is closed or ended; returns what no new stream mends. */
  async carry(): Promise<ConnectError | undefined> {
    const waits = Backoff.ofStreams();
    while (await this.hasWork()) {
      const { error, worked } = await this.carryOver();
      this.backlog.sendAgain(error);
      if (worked) waits.reset();
      // Where all is answered, the next event finds out whether it goes on.
      if (this.ending.aborted || this.backlog.size === 0) continue;
      if (!isResumable(error, worked)) return error;
      await pause(waits.next(error && errorDetails(error).retryDelayMs), this.ending);
    }
    return undefined;
  }

  private async hasWork(): Promise<boolean> {
    while (!this.ending.aborted) {
      if (this.backlog.size > 0) return true;
      if (this.isClosing) return false;
      await this.changes.next();
    }
    return false;
  }

  /** Opens one stream, and says what ended it and whether a result had come. */
  private async carryOver(): Promise<{ error: ConnectError | undefined; worked: boolean }> {
    const stream = new LinkedSignal(this.ending);
    let worked = false;
    try {
      const results = this.ingest.streamPublishEvents(this.outgoing(stream), { signal: stream.signal });
      for await (const { result } of results) {
        if (!this.backlog.settleFirst(result)) {
          throw new ConnectError('the service sent a result that nothing waits for', Code.FailedPrecondition);
        }
        worked = true;
        this.onResult();
        this.changes.ring();
      }
      return { error: undefined, worked };
    } catch (reason) {
      return { error: ConnectError.from(reason), worked };
    } finally {
      stream.abort();
      this.changes.ring();
    }
  }

  /** What is outstanding and what comes, until the stream has ended or nothing more comes. */
  private async *outgoing(stream: LinkedSignal) {
    while (!stream.signal.aborted) {
      const pending = this.backlog.nextToSend();
      if (pending) {
        yield create(StreamPublishEventsRequestSchema, { request: pending.request });
      } else if (this.isClosing && this.backlog.size === 0) {
        cutAfter(CLOSE_WAIT_MS, stream);
        return;
      } else {
        await this.changes.next();
      }
    }
  }
}

function cutAfter(milliseconds: number, stream: LinkedSignal): void {
  const timer = setTimeout(() => stream.abort(), milliseconds);
  stream.signal.addEventListener('abort', () => clearTimeout(timer));
}
