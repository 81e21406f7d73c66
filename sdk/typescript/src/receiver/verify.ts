import { Buffer } from 'node:buffer';

import { WebhookError } from './error.js';
import type { Event } from './event.js';
import { HEADER, readHeaders, required, type SignatureHeaders, type WebhookHeaders } from './header.js';
import { parse } from './parse.js';
import { readSecrets, type SecretKeys } from './secret.js';
import { judgeBookora, judgeStandard } from './signature.js';

/** How far a request's time may be from the clock, either way: 5 minutes, in seconds. */
export const TOLERANCE_SECONDS_DEFAULT = 300;

/** Digits only: no sign, space or fraction. Twelve reach for 30,000 years, milliseconds have thirteen. */
const TIMESTAMP = /^[0-9]{1,12}$/;

/** How {@link verify} judges a request's age. */
export interface VerifyOptions {
  /**
   * How far a request's time may be from the clock, either way, in whole seconds: 0 or more. Default:
   * {@link TOLERANCE_SECONDS_DEFAULT}.
   *
   * `null` takes requests of any age, and those that have an X-Bookora-Signature alone. Whoever recorded a
   * request can then send it again: it is for stored requests, and for receivers that remember every event's
   * id.
   */
  toleranceSeconds?: number | null | undefined;
  /** The time by the receiver's clock. Default: now. */
  now?: Date | undefined;
}

/**
 * Says whether a request was signed with one of the secrets, and reads its event.
 *
 * Where there is a webhook-signature (Standard Webhooks) it alone decides, and the request's time must be
 * within the tolerance.
 *
 * @param body - What came, byte for byte: not parsed and written again. A text counts as its UTF-8.
 * @param headers - Of the request.
 * @param secrets - The texts that Bookora showed: one, or during a rotation both.
 * @throws {@link WebhookError}
 */
export function verify(
  body: Uint8Array | string,
  headers: WebhookHeaders,
  secrets: string | readonly string[],
  options: VerifyOptions = {},
): Event {
  const { toleranceSeconds = TOLERANCE_SECONDS_DEFAULT, now = new Date() } = options;
  const keys = readSecrets(secrets);
  const signed = readHeaders(headers);
  const bytes = typeof body === 'string' ? Buffer.from(body, 'utf8') : body;
  judge(bytes, signed, keys, toleranceSeconds, now);
  return parse(bytes);
}

function judge(
  body: Uint8Array,
  headers: SignatureHeaders,
  keys: SecretKeys[],
  toleranceSeconds: number | null,
  now: Date,
): void {
  // With a tolerance also where it is missing: whoever strips it from a recorded request would else get past
  // the check of its age.
  if (!headers.has(HEADER.signature) && toleranceSeconds === null) {
    judgeBookora(body, headers, keys);
    return;
  }
  required(headers, HEADER.signature);
  required(headers, HEADER.id);
  const seconds = readTimestamp(required(headers, HEADER.timestamp));
  if (toleranceSeconds !== null) judgeAge(seconds, Math.max(Math.floor(toleranceSeconds), 0), now);
  judgeStandard(body, headers, keys);
}

function judgeAge(seconds: number, toleranceSeconds: number, now: Date): void {
  const ahead = seconds - Math.floor(now.getTime() / 1000);
  if (Math.abs(ahead) <= toleranceSeconds) return;
  throw new WebhookError(
    'TIMESTAMP_OUT_OF_TOLERANCE',
    `${HEADER.timestamp} is ${Math.abs(ahead)} s ${ahead < 0 ? 'behind' : 'ahead of'} this clock; ` +
      `${toleranceSeconds} s are tolerated`,
    { header: HEADER.timestamp },
  );
}

function readTimestamp(text: string): number {
  if (!TIMESTAMP.test(text)) {
    throw new WebhookError(
      'INVALID_HEADER',
      `${HEADER.timestamp} is not a whole number of seconds since 1970`,
      { header: HEADER.timestamp },
    );
  }
  return Number(text);
}
