import type { DescMessage, DescMethodStreaming, DescMethodUnary, MessageInitShape } from '@bufbuild/protobuf';
import {
  Code,
  type ConnectError,
  type ContextValues,
  type StreamResponse,
  type Transport,
  type UnaryResponse,
} from '@connectrpc/connect';

import { Backoff } from './backoff.js';
import { errorDetails } from './error_details.js';
import { failureOf, throwIfAborted } from './failure.js';
import { LinkedSignal } from './linked_signal.js';
import { pause } from './pause.js';
import { attemptsOf, timeoutOf, WAIT_FIRST_MS, WAIT_MAX_MS } from './policy.js';

/** When to retry, for gRPC's own libraries (gRFC A6), in milliseconds; negative: never. */
const PUSHBACK_HEADER = 'grpc-retry-pushback-ms';

/**
 * Calls over a transport: unary ones within a time, and again where they are UNAVAILABLE; streams, which are
 * resumed by watches and publishers, with no limit.
 */
export class Calls implements Transport {
  /** `timeoutMs` is what the client was told; `closing` ends every call, with its reason. */
  constructor(
    private readonly transport: Transport,
    private readonly timeoutMs: number | undefined,
    private readonly closing: AbortSignal,
  ) {}

  async unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
    header: HeadersInit | undefined,
    input: MessageInitShape<I>,
    contextValues?: ContextValues,
  ): Promise<UnaryResponse<I, O>> {
    const deadline = new Deadline(timeoutMs ?? timeoutOf(method, this.timeoutMs));
    const waits = new Backoff(WAIT_FIRST_MS, WAIT_MAX_MS);
    const linked = new LinkedSignal(signal, this.closing);
    try {
      for (let attempt = 1; ; attempt += 1) {
        try {
          throwIfAborted(linked.signal);
          const left = deadline.leftMs();
          return await this.transport.unary(method, linked.signal, left, header, input, contextValues);
        } catch (reason) {
          const error = failureOf(reason, linked.signal);
          const wait = attempt < attemptsOf(method) ? waitBefore(error, waits) : undefined;
          // What is known already is better than that the deadline passed.
          if (wait === undefined || !deadline.hasMore(wait)) throw error;
          await pause(wait, linked.signal);
        }
      }
    } finally {
      linked.release();
    }
  }

  async stream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodStreaming<I, O>,
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
    header: HeadersInit | undefined,
    input: AsyncIterable<MessageInitShape<I>>,
    contextValues?: ContextValues,
  ): Promise<StreamResponse<I, O>> {
    const linked = new LinkedSignal(signal, this.closing);
    try {
      throwIfAborted(linked.signal);
      const limit = timeoutMs ?? 0;
      const response = await this.transport.stream(
        method,
        linked.signal,
        limit,
        header,
        input,
        contextValues,
      );
      return { ...response, message: failing(response.message, linked) };
    } catch (reason) {
      linked.release();
      throw failureOf(reason, linked.signal);
    }
  }
}

async function* failing<T>(messages: AsyncIterable<T>, linked: LinkedSignal): AsyncGenerator<T> {
  try {
    yield* messages;
  } catch (reason) {
    throw failureOf(reason, linked.signal);
  } finally {
    linked.release();
  }
}

/** How long to wait before the same call again, in milliseconds; undefined: it is not to be made again. */
function waitBefore(error: ConnectError, waits: Backoff): number | undefined {
  if (error.code !== Code.Unavailable) return undefined;
  const pushback = error.metadata.get(PUSHBACK_HEADER);
  if (pushback === null) return waits.next(errorDetails(error).retryDelayMs);
  return /^\d{1,9}$/.test(pushback) ? waits.next(Number(pushback)) : undefined;
}

/** When a call has to be over. */
class Deadline {
  private readonly at: number;

  /** 0 or less is no limit, as Connect has it. */
  constructor(timeoutMs: number) {
    this.at = timeoutMs > 0 ? performance.now() + timeoutMs : Number.POSITIVE_INFINITY;
  }

  /** As Connect takes it: 0 is no limit. */
  leftMs(): number {
    return this.at === Number.POSITIVE_INFINITY ? 0 : Math.max(Math.ceil(this.at - performance.now()), 1);
  }

  /** Whether something is left after a wait. */
  hasMore(milliseconds: number): boolean {
    return performance.now() + milliseconds < this.at;
  }
}
