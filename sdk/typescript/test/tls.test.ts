import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import { Code } from '@connectrpc/connect';
import { connectWithin } from '../src/connection.js';
import { Client, errorDetails } from '../src/index.js';
import { certificate } from './stage/checkout.js';
import { ACCOUNT, booking } from './stage/samples.js';
import { connectSecurely, Service, tlsParameters } from './stage/service.js';
import { startSilent } from './stage/silent.js';
import { within } from './stage/within.js';

test('a service is not trusted without its authority', async (t) => {
  const service = await Service.start(t, ...tlsParameters());
  const client = new Client(service.address, { timeoutMs: 2_000 });
  t.after(() => client.close());
  const details = await client
    .publish(booking('bkg_1'))
    .then(() => assert.fail('it is trusted'), errorDetails);
  assert.deepEqual([details.code, details.reason], [Code.Unavailable, '']);
});

test('a client shows its certificate to a service that asks', async (t) => {
  const service = await Service.start(t, ...tlsParameters(), `--tls-client-ca=${certificate('ca.pem')}`);
  const clientCertificate = {
    certificate: await readFile(certificate('server.pem')),
    key: await readFile(certificate('server.key')),
  };
  const shown = await connectSecurely(t, service.address, { clientCertificate });
  await shown.deliveryQuery.listEvents({ accountId: ACCOUNT });
  const hidden = await connectSecurely(t, service.address, { timeoutMs: 2_000 });
  await assert.rejects(hidden.deliveryQuery.listEvents({ accountId: ACCOUNT }), { code: Code.Unavailable });
});

test('a client that is closed refuses calls, and ends those that are under way', async (t) => {
  const service = await Service.start(t, ...tlsParameters());
  const client = await connectSecurely(t, service.address);
  const watch = client.watch({ accountId: ACCOUNT, includeSnapshot: true });
  await watch.next();
  const next = watch.next();
  client.close();
  await assert.rejects(next, { code: Code.Canceled });
  await assert.rejects(client.publish(booking('bkg_1')), { code: Code.Canceled });
});

test('a connection that is not open in time is given up', async (t) => {
  const address = await startSilent(t);
  const began = performance.now();
  // In the clear it is open at once; what waits is the handshake of TLS.
  const socket = connectWithin(50, {})(new URL(`https://${address}`));
  const error = await within<Error>(
    'it is given up',
    new Promise((resolve) => socket.once('error', resolve)),
  );
  assert.deepEqual(
    { ...error, message: error.message },
    { code: 'ETIMEDOUT', message: 'no connection was made within 0.05 s' },
  );
  assert.ok(performance.now() - began >= 45);
});
