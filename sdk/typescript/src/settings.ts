import type { Interceptor } from '@connectrpc/connect';

import { type Address, readAddress } from './address.js';
import { TIMER_MS_MAX } from './pause.js';

/** What clients in Node and in browsers can be told. */
export interface ClientOptions {
  /** As `bookora-webhooks token new` prints it; sent with every call. Default: none. */
  token?: string | undefined;
  /**
   * How long a unary call may take, its retries included, in milliseconds; more than 0, at most 24 days.
   * Default: 30,000. TestEndpoint, which waits for a receiver, has 45,000, or this where it is longer.
   * `timeoutMs` of a single call goes before it; there 0 is no limit.
   */
  timeoutMs?: number | undefined;
  /** Interceptors of Connect. They see every attempt of a call. */
  interceptors?: Interceptor[] | undefined;
}

/** What a client was told, checked. */
export interface Settings {
  readonly address: Address;
  readonly timeoutMs: number | undefined;
  readonly interceptors: Interceptor[];
}

/** A space, a line end, and what is not ASCII: no token has them, and no header could. */
const NOT_OF_A_TOKEN = /[^!-~]/;

/** Throws where an address or an option cannot be used, or a token would travel in the clear. */
export function readSettings(address: string, options: ClientOptions): Settings {
  const { token, timeoutMs, interceptors = [] } = options;
  const read = readAddress(address);
  if (timeoutMs !== undefined && !(timeoutMs > 0 && timeoutMs <= TIMER_MS_MAX)) {
    throw new Error('the timeout is not more than 0 and at most 24 days');
  }
  if (token && NOT_OF_A_TOKEN.test(token)) {
    throw new Error('the token has a space, a line end or another character that no token has');
  }
  // Not before anything is sent, but instead.
  if (token && !read.isTls && !read.isLoopback) {
    throw new Error(
      'a token would travel in the clear to a host that is not loopback: use https://, or no token',
    );
  }
  return { address: read, timeoutMs, interceptors: token ? [bearer(token), ...interceptors] : interceptors };
}

function bearer(token: string): Interceptor {
  return (next) => (request) => {
    request.header.set('authorization', `Bearer ${token}`);
    return next(request);
  };
}
