import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { CHECKOUT, PACKAGE, PATIENCE_MS } from './checkout.js';

const NAME = '@bookora/webhooks-sdk';
/** Where what npm makes of the package is kept apart from the checkout's packages. */
const APART = join(CHECKOUT, '.tools/sdk-typescript');

/** A folder of somebody who uses the package. */
export class Caller {
  private constructor(readonly folder: string) {}

  /** Somebody who has installed the package as the registry would get it, with what it depends on. */
  static async installed(): Promise<Caller> {
    const caller = new Caller(emptied('installed'));
    const { dependencies } = read(join(PACKAGE, 'package.json'));
    const pinned = Object.keys(dependencies).map((name) => [
      name,
      read(join(PACKAGE, 'node_modules', name, 'package.json')).version,
    ]);
    const archive = await pack(caller.folder);
    caller.write(
      'package.json',
      JSON.stringify({ type: 'module', dependencies: Object.fromEntries(pinned) }),
    );
    await caller.run('npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', archive);
    return caller;
  }

  /** Somebody who has the package's own files, and nothing that it depends on. */
  static async withoutDependencies(): Promise<Caller> {
    const caller = new Caller(emptied('bare'));
    const target = join(caller.folder, 'node_modules', NAME);
    mkdirSync(target, { recursive: true });
    const archive = await pack(caller.folder);
    await caller.run('tar', '-xzf', archive, '-C', target, '--strip-components=1');
    caller.write('package.json', JSON.stringify({ type: 'module' }));
    return caller;
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text);
  }

  /** Runs a program there, and gives what it prints; fails where it fails, with all that it said. */
  async run(program: string, ...parameters: string[]): Promise<string> {
    const options = { cwd: this.folder, timeout: 2 * PATIENCE_MS };
    const { stdout } = await promisify(execFile)(program, parameters, options).catch((failure) => {
      throw new Error(`${failure.message}\n${failure.stdout}`);
    });
    return stdout;
  }

  /** Checks and compiles TypeScript there, as strictly as can be. */
  async compile(types: string[], ...files: string[]): Promise<void> {
    const options = {
      target: 'ES2022',
      module: 'NodeNext',
      lib: ['ES2022', 'DOM'],
      strict: true,
      exactOptionalPropertyTypes: true,
      types,
      typeRoots: [join(PACKAGE, 'node_modules/@types')],
    };
    this.write('tsconfig.json', JSON.stringify({ compilerOptions: options, files }));
    await this.run(join(PACKAGE, 'node_modules/.bin/tsc'), '-p', '.');
  }
}

/** A block of README.md that is marked example=<name>. */
export function shown(name: string): string {
  const readme = readFileSync(join(PACKAGE, 'README.md'), 'utf8');
  const block = new RegExp(`\`\`\`ts example=${name}\n(.*?)\`\`\``, 's').exec(readme)?.[1];
  if (!block) throw new Error(`README.md has no block marked example=${name}`);
  return block;
}

async function pack(folder: string): Promise<string> {
  const parameters = ['pack', '--json', '--pack-destination', folder];
  const { stdout } = await promisify(execFile)('npm', parameters, { cwd: PACKAGE });
  const [{ filename }] = JSON.parse(stdout);
  return join(folder, filename);
}

function emptied(name: string): string {
  const folder = join(APART, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

function read(path: string) {
  return JSON.parse(readFileSync(path, 'utf8'));
}
