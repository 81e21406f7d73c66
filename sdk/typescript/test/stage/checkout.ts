import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The package's folder; the tests are compiled into `build/test` there. */
export const PACKAGE = fileURLToPath(new URL('../../..', import.meta.url));
/** The checkout's. */
export const CHECKOUT = join(PACKAGE, '../..');

/** How long a test waits for something that takes moments on a machine that is not busy. */
export const PATIENCE_MS = 30_000;

/** A file of those that the tests serve TLS with: server.pem, server.key, ca.pem. */
export function certificate(name: string): string {
  const folder = process.env.BOOKORA_TEST_CERTIFICATES ?? join(CHECKOUT, '.tools/certificates');
  return existing(join(folder, name), 'make sdk-certificates');
}

/** The service's program. */
export function program(): string {
  const chosen = process.env.BOOKORA_WEBHOOKS_PROGRAM;
  return existing(chosen ?? join(CHECKOUT, 'target/debug/bookora-webhooks'), 'make build');
}

function existing(path: string, command: string): string {
  if (!existsSync(path)) throw new Error(`${path} is missing: run \`${command}\``);
  return path;
}
