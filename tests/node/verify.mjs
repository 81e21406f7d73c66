// What both receivers do with a delivery: verify it as the documentation says, verify it again
// with a Standard Webhooks library, and report it on stdout for the test that started them.
//
// Settings come by environment: TLS_CERT and TLS_KEY (paths of PEM files) and WEBHOOK_SECRET; with
// WEBHOOK_PREVIOUS_SECRET, the old one of a rotation's overlap, what it signs is reported too.
// Stdout is one JSON value a line: first {"listening":PORT}, then one for each request.

import crypto from 'node:crypto';
import fs from 'node:fs';
import { Webhook } from 'standardwebhooks';

export const HOST = '127.0.0.1';
export const PATH = '/hooks';

const SIGNATURE_BYTES = 64; // HMAC-SHA256 in hex

const secret = setting('WEBHOOK_SECRET');
const previousSecret = process.env.WEBHOOK_PREVIOUS_SECRET;

/** The certificate and its key, for `https.createServer`. */
export function tls() {
  return { cert: fs.readFileSync(setting('TLS_CERT')), key: fs.readFileSync(setting('TLS_KEY')) };
}

/** Reports where the receiver listens, and ties its life to that of the test. */
export function listening(port) {
  for (const event of ['end', 'close', 'error']) process.stdin.on(event, () => process.exit(0));
  process.stdin.resume();
  report({ listening: port });
}

/** Verifies and reports a delivery; returns the status to answer with. */
export function receive(req) {
  const bookora = verifiesAsDocumented(req);
  const standard = verifiesAsStandard(req, secret);
  const restringified = JSON.stringify(req.body) ?? '';
  reportDelivery(req, {
    bookora,
    standard,
    raw_equals_restringified: req.rawBody?.equals(Buffer.from(restringified)) ?? false,
    ...(previousSecret && {
      previous_bookora: previousVerifies(req),
      previous_standard: verifiesAsStandard(req, previousSecret),
    }),
  });
  return bookora && standard ? 204 : 401;
}

/** Reports a delivery that the framework refused before it came to be verified. */
export function refused(req, error) {
  const refused = `${error.name}: ${error.message}`;
  reportDelivery(req, { bookora: false, standard: false, raw_equals_restringified: false, refused });
}

function verifiesAsDocumented(req) {
  const signature = req.headers['x-bookora-signature'] ?? '';
  // timingSafeEqual throws where the lengths differ.
  if (req.body === undefined || Buffer.byteLength(signature) !== SIGNATURE_BYTES) return false;

  // These two lines are the documentation's, unchanged: what is tested is that they suffice.
  const expected = crypto.createHmac('sha256', secret).update(JSON.stringify(req.body)).digest('hex');
  return crypto.timingSafeEqual(Buffer.from(expected), Buffer.from(req.headers['x-bookora-signature']));
}

function previousVerifies(req) {
  const expected = crypto.createHmac('sha256', previousSecret).update(req.rawBody).digest('hex');
  return req.headers['x-bookora-signature-previous'] === expected;
}

function verifiesAsStandard(req, secret) {
  try {
    // A secret without the prefix is the key itself.
    const options = secret.startsWith('whsec_') ? {} : { format: 'raw' };
    new Webhook(secret, options).verify(req.rawBody, req.headers);
    return true;
  } catch {
    return false;
  }
}

function reportDelivery(req, verdict) {
  report({
    event: req.body?.event ?? null,
    id: req.body?.id ?? null,
    delivery: req.headers['x-bookora-delivery'] ?? null,
    attempt: req.headers['x-bookora-attempt'] ?? null,
    ...verdict,
  });
}

function report(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

function setting(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}
