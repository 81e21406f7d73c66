import type { ChildProcess } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';

import { within } from './within.js';

/** The lines that a process prints, one after the other. */
export class Lines {
  private readonly reader: Interface;
  private readonly iterator: AsyncIterator<string>;

  constructor(process: ChildProcess) {
    if (!process.stdout) throw new Error('its output is not piped');
    this.reader = createInterface(process.stdout);
    this.iterator = this.reader[Symbol.asyncIterator]();
  }

  /** Fails where the process ends first, or takes too long. */
  async next(): Promise<string> {
    const { value, done } = await within('a line is printed', this.iterator.next());
    if (done) throw new Error('the process ended before it printed a line');
    return value;
  }
}

/** The first line that a process prints; what comes behind it is passed over. */
export async function firstLine(process: ChildProcess): Promise<string> {
  const line = await new Lines(process).next();
  process.stdout?.resume();
  return line;
}
