import { WebhookError } from './error.js';

/**
 * The headers of a request, with their names in any case: Node's `request.headers` or `headersDistinct`, the
 * `Headers` of fetch, a `Map`, or any object.
 */
export type WebhookHeaders =
  | Iterable<readonly [name: string, value: string]>
  | Readonly<Record<string, string | readonly string[] | undefined>>;

/** The headers that a signature is made of, as they are named in errors. */
export const HEADER = {
  id: 'webhook-id',
  timestamp: 'webhook-timestamp',
  signature: 'webhook-signature',
  bookora: 'x-bookora-signature',
  previous: 'x-bookora-signature-previous',
} as const;

const NAMES: ReadonlySet<string> = new Set(Object.values(HEADER));

/** By name in lowercase; what is not there has none. */
export type SignatureHeaders = ReadonlyMap<string, string>;

/** Refuses a header that came twice: which of the two was meant nobody knows. */
export function readHeaders(headers: WebhookHeaders): SignatureHeaders {
  const read = new Map<string, string>();
  for (const [name, values] of entriesOf(headers)) {
    const lowercase = name.toLowerCase();
    if (!NAMES.has(lowercase) || values === undefined) continue;
    for (const value of typeof values === 'string' ? [values] : values) {
      // Node and fetch join what came twice; none of these headers has a comma and a space in it by itself.
      if (read.has(lowercase) || value.includes(', ')) {
        throw new WebhookError('INVALID_HEADER', `the header ${lowercase} came more than once`, {
          header: lowercase,
        });
      }
      read.set(lowercase, value);
    }
  }
  return read;
}

/** The value of a header without which nothing can be verified. */
export function required(headers: SignatureHeaders, name: string): string {
  const value = headers.get(name);
  if (value === undefined) {
    throw new WebhookError('MISSING_HEADER', `the header ${name} is missing`, { header: name });
  }
  return value;
}

function entriesOf(
  headers: WebhookHeaders,
): Iterable<readonly [string, string | readonly string[] | undefined]> {
  return isIterable(headers) ? headers : Object.entries(headers);
}

function isIterable(headers: WebhookHeaders): headers is Iterable<readonly [string, string]> {
  return Symbol.iterator in headers;
}
