import { Code, ConnectError } from '@connectrpc/connect';

/**
 * What a call over a transport failed with, as gRPC's own libraries say it: a connection that was lost or not
 * made is UNAVAILABLE. Connect has other codes for it, by platform and by the moment.
 */
export function failureOf(reason: unknown, signal: AbortSignal | undefined): ConnectError {
  if (signal?.aborted) return abortionOf(signal);
  const error = ConnectError.from(reason);
  if (!isLost(error)) return error;
  return new ConnectError(error.rawMessage, Code.Unavailable, error.metadata, undefined, error.cause);
}

/** What ended by the caller's own signal: DEADLINE_EXCEEDED where its time was up, else CANCELLED. */
export function abortionOf(signal: AbortSignal): ConnectError {
  const reason: unknown = signal.reason;
  const isLate = reason instanceof Error && reason.name === 'TimeoutError';
  return isLate
    ? new ConnectError(reason.message, Code.DeadlineExceeded, undefined, undefined, reason)
    : ConnectError.from(reason, Code.Canceled);
}

/** For what is not to begin any more. */
export function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw abortionOf(signal);
}

function isLost(error: ConnectError): boolean {
  // What the service says has a status.
  if (error.metadata.has('grpc-status')) return false;
  // A connection that ends takes its streams with it.
  if (error.code === Code.Canceled || error.code === Code.Aborted) return true;
  const { cause } = error;
  // Of fetch; and of Node, whose errors have a code such as ECONNRESET.
  return cause instanceof TypeError || (cause instanceof Error && 'code' in cause);
}
