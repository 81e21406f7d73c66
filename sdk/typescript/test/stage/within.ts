import { setTimeout as pause } from 'node:timers/promises';

import { PATIENCE_MS } from './checkout.js';

/** Waits for something that takes moments on a machine that is not busy; fails where it does not come. */
export async function within<T>(what: string, promise: Promise<T>): Promise<T> {
  const giveUp = new AbortController();
  const late = pause(PATIENCE_MS, undefined, { signal: giveUp.signal }).then(() => {
    throw new Error(`not in time: ${what}`);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    giveUp.abort();
    late.catch(() => {});
  }
}

/** Asks again and again until there is an answer; fails where none comes. */
export async function eventually<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  const end = performance.now() + PATIENCE_MS;
  while (performance.now() < end) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await pause(20);
  }
  throw new Error(`not in time: ${what}`);
}
