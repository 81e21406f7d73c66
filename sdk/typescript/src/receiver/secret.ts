import { Buffer } from 'node:buffer';

import { WebhookError } from './error.js';

const PREFIX = 'whsec_';

/** The keys that one secret is in the two schemes. */
export interface SecretKeys {
  standard: Buffer;
  bookora: Buffer;
}

/** Refuses secrets that cannot be as Bookora showed them, by their number and without their text. */
export function readSecrets(secrets: string | readonly string[]): SecretKeys[] {
  const texts = typeof secrets === 'string' ? [secrets] : secrets;
  if (texts.length === 0) {
    throw mistaken("there is none: take it from the endpoint's page or from CreateEndpoint");
  }
  return texts.map((text, index) => {
    if (!text) throw mistaken(`number ${index + 1} of ${texts.length} is empty`);
    const bookora = Buffer.from(text, 'utf8');
    if (!text.startsWith(PREFIX)) return { standard: bookora, bookora };
    const standard = readBase64(text.slice(PREFIX.length));
    if (standard === undefined) {
      throw mistaken(
        `number ${index + 1} of ${texts.length} goes on after ${PREFIX} in something else than padded ` +
          'base64; it must be exactly as Bookora showed it',
      );
    }
    return { standard, bookora };
  });
}

/** Strict as RFC 4648 section 4 has it: Node's decoder passes over what is not base64, and stray bits. */
function readBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.length > 0 && bytes.toString('base64') === text ? bytes : undefined;
}

function mistaken(message: string): WebhookError {
  return new WebhookError('INVALID_SECRET', `secrets: ${message}`);
}
