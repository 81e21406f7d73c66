import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { JsonValue } from '@bufbuild/protobuf';

import { CHECKOUT } from './checkout.js';

interface Vectors {
  signing: {
    name: string;
    secrets: string[];
    body: string;
    timestamp: number;
    headers: Record<string, string>;
  }[];
  verifying: {
    name: string;
    body: string;
    headers: Record<string, string | string[]>;
    secrets: string[];
    tolerance_seconds: number | null;
    now: number;
    outcome: string;
    header?: string;
  }[];
  bodies: { name: string; id: string; body: string; request: JsonValue }[];
  malformed: { name: string; body: string; field?: string }[];
}

/** What every receiver understands; tests/vectors/README.md says what is claimed. */
export const vectors = JSON.parse(
  readFileSync(join(CHECKOUT, 'tests/vectors/webhooks.json'), 'utf8'),
) as Vectors;
