/**
 * Why a request is not taken as an event of Bookora:
 *
 * - `MISSING_HEADER`: a header that is needed is not there; `header` names it.
 * - `INVALID_HEADER`: a header cannot be read, or came twice; `header` names it.
 * - `TIMESTAMP_OUT_OF_TOLERANCE`: the request was signed too long ago, or ahead of the clock: somebody sends
 *   a recorded request again, or one of the two clocks is wrong.
 * - `NO_MATCHING_SIGNATURE`: none of the signatures was made with one of the secrets over this body.
 * - `MALFORMED_BODY`: the body is not an event; `field` names what is wrong. From `verify` it means that the
 *   signature holds.
 * - `INVALID_SECRET`: a mistake of the receiver's own: it has no secret, or one that is not as Bookora shows
 *   it. No request can be verified until that is mended.
 */
export type ErrorCode =
  | 'MISSING_HEADER'
  | 'INVALID_HEADER'
  | 'TIMESTAMP_OUT_OF_TOLERANCE'
  | 'NO_MATCHING_SIGNATURE'
  | 'MALFORMED_BODY'
  | 'INVALID_SECRET';

/** Why a request is not taken as an event of Bookora, in words for a developer, without any secret. */
export class WebhookError extends Error {
  override readonly name = 'WebhookError';
  readonly code: ErrorCode;
  /** The name, in lowercase, of the header that the error is about; undefined where it is about none. */
  readonly header: string | undefined;
  /** The path in a malformed body, such as data.price; undefined where it is about the whole. */
  readonly field: string | undefined;

  constructor(code: ErrorCode, message: string, about: { header?: string; field?: string | undefined } = {}) {
    super(`webhook: ${message}`);
    this.code = code;
    this.header = about.header;
    this.field = about.field;
  }
}

/**
 * The HTTP status to answer an error with: 401 for a request that does not verify, which makes Bookora swap
 * the signatures while a secret is being replaced; 400 for a body that is no event; 500 for a mistake in the
 * receiver's secrets and for errors of others.
 */
export function statusOf(error: unknown): 400 | 401 | 500 {
  if (!(error instanceof WebhookError) || error.code === 'INVALID_SECRET') return 500;
  return error.code === 'MALFORMED_BODY' ? 400 : 401;
}
