import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { TestContext } from 'node:test';

import { Bell } from '../../src/bell.js';
import { type Event, statusOf, verify } from '../../src/receiver.js';
import { listen } from './listen.js';
import { within } from './within.js';

/** A receiver of webhooks that verifies what it gets by the SDK. */
export class Hooks {
  /** The secrets that are held. */
  secrets: string[] = [];
  /** The status of the answer to what verifies. */
  status = 204;
  /** Why what did not verify did not. */
  readonly refused: unknown[] = [];
  /** Where it receives. */
  url = '';
  private readonly events: Event[] = [];
  private readonly arrivals = new Bell();

  /** Begins to receive, until the test ends. */
  static async start(t: TestContext): Promise<Hooks> {
    const hooks = new Hooks();
    const server = createServer(async (request, response) => {
      response.writeHead(hooks.judge(await buffer(request), request.headersDistinct)).end();
    });
    hooks.url = `${await listen(t, server)}/hooks`;
    return hooks;
  }

  /** Waits for an event that verified, by its id. */
  await(id: string): Promise<Event> {
    return within(`${id} arrives; refused were ${this.refused}`, this.find(id));
  }

  private judge(body: Buffer, headers: NodeJS.Dict<string[]>): number {
    try {
      this.events.push(verify(body, headers, this.secrets));
      this.arrivals.ring();
      return this.status;
    } catch (error) {
      this.refused.push(error);
      return statusOf(error);
    }
  }

  private async find(id: string): Promise<Event> {
    for (;;) {
      const found = this.events.find((event) => event.id === id);
      if (found) return found;
      await this.arrivals.next();
    }
  }
}
