import { createServer } from 'node:http';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

import { build } from 'esbuild';
import { chromium, type Page } from 'playwright-core';

import { PACKAGE } from './checkout.js';
import { listen } from './listen.js';

/** Serves a page that has test/page/main.ts, until the test ends, and gives its origin. */
export async function servePage(t: TestContext): Promise<string> {
  const bundle = await build({
    entryPoints: [join(PACKAGE, 'test/page/main.ts')],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    write: false,
  });
  const script = bundle.outputFiles[0]?.text ?? '';
  const html = '<!doctype html><title>Bookora</title><script type="module" src="page.js"></script>';
  const server = createServer((request, response) => {
    const isScript = request.url === '/page.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? script : html);
  });
  return listen(t, server);
}

/** Opens the page in headless Chromium, until the test ends. */
export async function openPage(t: TestContext, origin: string): Promise<Page> {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    // Its sandbox does not work for root; nothing but the test's own page is loaded.
    args: ['--no-proxy-server', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])],
  });
  t.after(() => browser.close());
  // The authority of the tests' certificates is not the system's.
  const page = await browser.newPage({ ignoreHTTPSErrors: true });
  page.on('pageerror', (error) => t.diagnostic(`the page: ${error}`));
  await page.goto(origin);
  await page.waitForFunction(() => 'inPage' in globalThis);
  return page;
}
