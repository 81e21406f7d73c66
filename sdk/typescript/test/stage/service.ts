import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

import { Client, type NodeClientOptions } from '../../src/index.js';
import { certificate, program } from './checkout.js';
import { firstLine } from './lines.js';

/** The service's own settings, not those of whoever runs the tests; and no proxy to receivers. */
const ENVIRONMENT = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('BOOKORA_'))),
  RUST_LOG: 'warn',
  NO_PROXY: '127.0.0.1',
  no_proxy: '127.0.0.1',
};

/** A folder that is gone when the test ends. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'bookora-sdk-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The program, on a database of its own, which is killed when the test ends. */
export class Service {
  private process: ChildProcess | undefined;
  private said = '';

  /** Its host and port, the same after a restart. */
  address = '127.0.0.1:0';

  private constructor(
    private readonly folder: string,
    private readonly parameters: string[],
  ) {}

  static async start(t: TestContext, ...parameters: string[]): Promise<Service> {
    const service = new Service(temporaryFolder(t), parameters);
    await service.restart();
    const killNow = () => service.process?.kill('SIGKILL');
    process.once('exit', killNow);
    t.after(async () => {
      process.off('exit', killNow);
      await service.kill();
      if (service.said) t.diagnostic(service.said);
    });
    return service;
  }

  /** Ends the program at once (SIGKILL). */
  async kill(): Promise<void> {
    if (!this.process || this.process.exitCode !== null || this.process.signalCode !== null) return;
    const exited = once(this.process, 'exit');
    this.process.kill('SIGKILL');
    await exited;
  }

  /** Starts the program again after a kill, at the same address and with the same database. */
  async restart(): Promise<void> {
    this.process = spawn(
      program(),
      [
        'serve',
        `--listen=${this.address}`,
        '--ops-listen=127.0.0.1:0',
        '--allow-http',
        '--allow-network=127.0.0.0/8',
        `--database-url=sqlite://${join(this.folder, 'service.db')}?mode=rwc`,
        ...this.parameters,
      ],
      { env: ENVIRONMENT, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    this.process.stderr?.on('data', (text) => {
      this.said += text;
    });
    const line = await firstLine(this.process);
    this.address = line.slice(line.lastIndexOf(' ') + 1);
  }
}

/** A client of a service without TLS, which is closed when the test ends. */
export function connect(t: TestContext, address: string, options?: NodeClientOptions): Client {
  const client = new Client(`http://${address}`, options);
  t.after(() => client.close());
  return client;
}

/** A client of a service with TLS, which is closed when the test ends. */
export async function connectSecurely(t: TestContext, address: string, options?: NodeClientOptions) {
  const client = new Client(address, { caCertificates: await readFile(certificate('ca.pem')), ...options });
  t.after(() => client.close());
  return client;
}

/** What the service serves TLS with. */
export function tlsParameters(): string[] {
  return [`--tls-cert=${certificate('server.pem')}`, `--tls-key=${certificate('server.key')}`];
}

/** Makes a token of these roles for all accounts, in a new or existing file of tokens. */
export function newToken(tokensFile: string, ...roles: string[]): string {
  const said = execFileSync(
    program(),
    [
      'token',
      'new',
      `--name=${roles.join('-')}`,
      '--all-accounts',
      `--tokens-file=${tokensFile}`,
      ...roles.map((role) => `--role=${role}`),
    ],
    { env: ENVIRONMENT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const token = /bwt_\S+/.exec(said)?.[0];
  if (!token) throw new Error('no token was made');
  return token;
}

/** A service that asks for TLS and tokens, with the tokens of who may do everything and of a viewer. */
export async function startSecured(t: TestContext, ...parameters: string[]) {
  const tokensFile = join(temporaryFolder(t), 'tokens.toml');
  const token = newToken(tokensFile, 'admin', 'publisher', 'viewer');
  const viewer = newToken(tokensFile, 'viewer');
  const service = await Service.start(t, `--tokens-file=${tokensFile}`, ...tlsParameters(), ...parameters);
  return { service, token, viewer };
}
