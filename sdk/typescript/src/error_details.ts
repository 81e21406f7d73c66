import { durationMs } from '@bufbuild/protobuf/wkt';
import { type Code, ConnectError } from '@connectrpc/connect';

import {
  type BadRequest_FieldViolation,
  BadRequestSchema,
  ErrorInfoSchema,
  type PreconditionFailure_Violation,
  PreconditionFailureSchema,
  type QuotaFailure_Violation,
  QuotaFailureSchema,
  type ResourceInfo,
  ResourceInfoSchema,
  RetryInfoSchema,
} from './v1/google/rpc/error_details_pb.js';
import { ErrorReason } from './v1.js';

/** The service's own errors have it; those of a connection or a proxy have not. */
const DOMAIN = 'webhooks.bookora';

/** What an error of a call says to a program. Decide by `reason` or `code`, never by the text. */
export interface ErrorDetails {
  readonly code: Code;
  /**
   * One of the service's own, such as INVALID_FIELDS, also where this SDK does not know it yet. Empty where
   * the error is not the service's: it is the connection's, say.
   */
  readonly reason: string;
  /** `reason` where this SDK knows it, else UNSPECIFIED. */
  readonly knownReason: ErrorReason;
  /** What the service says beside, such as the incident_id of an INTERNAL. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The path and the description of each bad field, at most 25. */
  readonly fieldViolations: readonly BadRequest_FieldViolation[];
  /** When to come back, at the soonest, in milliseconds; undefined where the service does not say. */
  readonly retryDelayMs: number | undefined;
  /** What the error is about, such as the endpoint that is not found; undefined for nothing. */
  readonly resource: ResourceInfo | undefined;
  /** What has to be otherwise first. */
  readonly preconditionViolations: readonly PreconditionFailure_Violation[];
  /** What is used up. */
  readonly quotaViolations: readonly QuotaFailure_Violation[];
}

/** Reads the details of an error that a call threw (AIP-193). Any other error has UNKNOWN and no details. */
export function errorDetails(error: unknown): ErrorDetails {
  const said = ConnectError.from(error);
  const info = said.findDetails(ErrorInfoSchema).find(({ domain }) => domain === DOMAIN);
  const retry = said.findDetails(RetryInfoSchema).at(0)?.retryDelay;
  return {
    code: said.code,
    reason: info?.reason ?? '',
    knownReason: known(info?.reason),
    metadata: info?.metadata ?? {},
    fieldViolations: said.findDetails(BadRequestSchema).flatMap((detail) => detail.fieldViolations),
    retryDelayMs: retry && durationMs(retry),
    resource: said.findDetails(ResourceInfoSchema).at(0),
    preconditionViolations: said
      .findDetails(PreconditionFailureSchema)
      .flatMap((detail) => detail.violations),
    quotaViolations: said.findDetails(QuotaFailureSchema).flatMap((detail) => detail.violations),
  };
}

/** The names of the enum's values are those of the reasons. */
function known(reason: string | undefined): ErrorReason {
  const value: unknown = ErrorReason[reason as keyof typeof ErrorReason];
  return typeof value === 'number' ? value : ErrorReason.UNSPECIFIED;
}
