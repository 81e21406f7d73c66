import { Code, type ConnectError } from '@connectrpc/connect';

import { errorDetails } from './error_details.js';
import { ErrorReason } from './v1.js';

/**
 * Says whether a new stream may mend what ended one that nobody cancelled. `error` is undefined for an end
 * without an error, as some proxies make one; `worked` says whether a message had come.
 */
export function isResumable(error: ConnectError | undefined, worked: boolean): boolean {
  if (error === undefined) return true;
  const { code, reason, knownReason } = errorDetails(error);
  switch (code) {
    case Code.Unavailable:
      return true;
    case Code.ResourceExhausted:
      return knownReason === ErrorReason.WATCH_TOO_SLOW;
    case Code.Canceled:
    case Code.Aborted:
    case Code.Internal:
    case Code.Unknown:
      // A stream that is reset, or ends before its trailers, has one of these. What the service itself says
      // has a reason. A stream that never worked is rather an error that would come again.
      return worked && reason === '';
    default:
      return false;
  }
}
