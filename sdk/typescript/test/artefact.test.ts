import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { VERSION } from '../src/index.js';
import { Caller, shown } from './stage/artefact.js';
import { PACKAGE } from './stage/checkout.js';
import { connect, Service } from './stage/service.js';

/** One value of each export, by import and by require. */
const USES = {
  '@bookora/webhooks-sdk': 'Client',
  '@bookora/webhooks-sdk/web': 'Client',
  '@bookora/webhooks-sdk/receiver': 'verify',
  '@bookora/webhooks-sdk/v1': 'EventIngest',
};
const IMPORTS = Object.entries(USES)
  .map(
    ([path, name], index) =>
      `import { ${name} as use${index} } from '${path}';\nconsole.log(typeof use${index});\n`,
  )
  .join('');

test('the version is that of the package', () => {
  assert.equal(VERSION, JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')).version);
});

test("the README's lines run with the package as it is published, and all of it can be used", async (t) => {
  const service = await Service.start(t);
  const caller = await Caller.installed();
  caller.write('publish.ts', shown('publish').replaceAll('127.0.0.1:50051', service.address));
  caller.write('web.ts', shown('web'));
  caller.write('receive.ts', shown('receive'));
  caller.write('modules.mts', IMPORTS);
  caller.write('common.cts', IMPORTS);
  await caller.compile(['node'], 'publish.ts', 'web.ts', 'receive.ts', 'modules.mts', 'common.cts');

  const eventId = (await caller.run('node', 'publish.js')).trim();
  const { event } = await connect(t, service.address).deliveryQuery.getEvent({
    accountId: 'acct_1',
    eventId,
  });
  assert.equal(event?.idempotencyKey, 'cus_1 created');
  for (const program of ['modules.mjs', 'common.cjs']) {
    const kinds = (await caller.run('node', program)).trim().split('\n');
    assert.deepEqual(kinds, ['function', 'function', 'function', 'object'], program);
  }
});

test('the receiver can be used without what the package depends on, types of Node included', async () => {
  const caller = await Caller.withoutDependencies();
  const use = "import { verify } from '@bookora/webhooks-sdk/receiver';\n";
  const lines = `${use}try { verify('', {}, []); } catch (error) { console.log((error as Error).message); }\n`;
  caller.write('modules.mts', lines);
  caller.write('common.cts', lines);
  await caller.compile([], 'modules.mts', 'common.cts');
  for (const program of ['modules.mjs', 'common.cjs']) {
    assert.match(await caller.run('node', program), /^webhook: secrets: there is none/);
  }
});
