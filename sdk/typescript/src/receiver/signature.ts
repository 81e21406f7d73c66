import { Buffer } from 'node:buffer';
import { createHmac, timingSafeEqual } from 'node:crypto';

import { WebhookError } from './error.js';
import { HEADER, required, type SignatureHeaders } from './header.js';
import type { SecretKeys } from './secret.js';

const VERSION = 'v1,';

/** Goes by the Standard Webhooks scheme: HMAC-SHA256 (RFC 2104) of the id, the time and the body. */
export function judgeStandard(body: Uint8Array, headers: SignatureHeaders, keys: SecretKeys[]): void {
  const signed = `${required(headers, HEADER.id)}.${required(headers, HEADER.timestamp)}.`;
  const given = required(headers, HEADER.signature)
    .split(' ')
    // Other versions are for receivers of other times.
    .filter((signature) => signature.startsWith(VERSION))
    .map((signature) => signature.slice(VERSION.length));
  const expected = keys.map((key) =>
    createHmac('sha256', key.standard).update(signed).update(body).digest('base64'),
  );
  if (!anyMatch(given, expected)) throw mismatch(HEADER.signature);
}

/** Goes by the signature of the body alone. */
export function judgeBookora(body: Uint8Array, headers: SignatureHeaders, keys: SecretKeys[]): void {
  const given = [HEADER.bookora, HEADER.previous]
    .map((name) => headers.get(name))
    .filter((signature) => signature !== undefined);
  if (given.length === 0) required(headers, HEADER.bookora);
  const expected = keys.map((key) => createHmac('sha256', key.bookora).update(body).digest('hex'));
  if (!anyMatch(given, expected)) throw mismatch(HEADER.bookora);
}

/** Compares every pair, so that how long it takes does not tell which one matched. */
function anyMatch(given: string[], expected: string[]): boolean {
  let matched = false;
  for (const one of given) {
    for (const other of expected) {
      if (isSame(Buffer.from(one), Buffer.from(other))) matched = true;
    }
  }
  return matched;
}

/** How long a signature is, is no secret. */
function isSame(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}

function mismatch(header: string): WebhookError {
  return new WebhookError(
    'NO_MATCHING_SIGNATURE',
    `${header} was not made with one of the secrets over this body. Is the body what came, byte for byte, ` +
      'and is the secret that of this endpoint?',
    { header },
  );
}
