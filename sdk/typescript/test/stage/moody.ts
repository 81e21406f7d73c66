import { once } from 'node:events';
import { createServer, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

import { Code, ConnectError, type ConnectRouter } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';

import { ErrorInfoSchema, RetryInfoSchema } from '../../src/v1/google/rpc/error_details_pb.js';
import { DeliveryQuery, EventIngest } from '../../src/v1.js';

/** What came of a call: nothing for an answer. */
export type Mood = ConnectError | undefined;

/** A service that fails as a test wants it; the real one cannot be made to. */
export class Moody {
  /** Of the calls to come, one after the other. */
  readonly moods: Mood[] = [];
  /** What PublishEvent was called with. */
  readonly publishes: { key: string; agent: string; timeoutMs: number }[] = [];
  /** The tokens that watches were opened with. */
  readonly tokens: string[] = [];
  address = '';

  static async start(t: TestContext, ...moods: Mood[]): Promise<Moody> {
    const moody = new Moody();
    moody.moods.push(...moods);
    const server = createServer(connectNodeAdapter({ routes: (router) => moody.route(router) }));
    const sessions = new Set<ServerHttp2Session>();
    server.on('session', (session) => sessions.add(session));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    moody.address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    t.after(() => {
      for (const session of sessions) session.destroy();
      server.close();
    });
    return moody;
  }

  private route(router: ConnectRouter): void {
    router.rpc(EventIngest.method.publishEvent, ({ idempotencyKey }, context) => {
      this.publishes.push({
        key: idempotencyKey,
        agent: context.requestHeader.get('user-agent') ?? '',
        timeoutMs: context.timeoutMs() ?? 0,
      });
      this.fail();
      return {};
    });
    const { tokens } = this;
    const fail = () => this.fail();
    router.rpc(DeliveryQuery.method.watchDeliveries, async function* ({ resumeToken }) {
      const count = tokens.push(resumeToken);
      // The one before comes again, as after a resume it may.
      for (const revision of [count - 1, count]) {
        yield {
          message: { case: 'update', value: { delivery: { deliveryId: 'dlv_1', revision } } },
          resumeToken: `after ${revision}`,
        } as const;
      }
      fail();
    });
  }

  private fail(): void {
    const mood = this.moods.shift();
    if (mood) throw mood;
  }
}

/** An error as the service has them. */
export function said(code: Code, reason: string): ConnectError {
  return new ConnectError('said', code, undefined, [
    { desc: ErrorInfoSchema, value: { reason, domain: 'webhooks.bookora' } },
    { desc: RetryInfoSchema, value: { retryDelay: { seconds: 0n, nanos: 1_000_000 } } },
  ]);
}

/** UNAVAILABLE that says when to come back as gRPC's own libraries read it, in milliseconds. */
export function pushedBack(milliseconds: number): ConnectError {
  return new ConnectError('later', Code.Unavailable, { 'grpc-retry-pushback-ms': String(milliseconds) });
}
