import type { DescMethodUnary } from '@bufbuild/protobuf';
import { EndpointAdmin } from './v1.js';

// The figures of the contract's service_config.json, which gRPC's own libraries read; Connect has no service
// config.

/** Of every unary call but TestEndpoint, its retries included; `timeout`. */
export const TIMEOUT_MS = 30_000;
/** Of TestEndpoint, which waits for a receiver. */
export const TEST_TIMEOUT_MS = 45_000;
/** How often a call is made at most; `maxAttempts`. */
export const ATTEMPTS_MAX = 4;
/** The longest wait before the first retry; `initialBackoff`. Each may be twice as long as the one before. */
export const WAIT_FIRST_MS = 500;
/** The longest wait before any retry; `maxBackoff`. */
export const WAIT_MAX_MS = 8_000;

/** How long a call may take that has no limit of its own; `chosen` is what the client was told. */
export function timeoutOf(method: DescMethodUnary, chosen: number | undefined): number {
  return isTest(method) ? Math.max(TEST_TIMEOUT_MS, chosen ?? 0) : (chosen ?? TIMEOUT_MS);
}

/** How often a call is made at most: a receiver would get another request of TestEndpoint. */
export function attemptsOf(method: DescMethodUnary): number {
  return isTest(method) ? 1 : ATTEMPTS_MAX;
}

function isTest(method: DescMethodUnary): boolean {
  const test = EndpointAdmin.method.testEndpoint;
  return method.name === test.name && method.parent.typeName === test.parent.typeName;
}
