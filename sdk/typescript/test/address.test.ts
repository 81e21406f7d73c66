import assert from 'node:assert/strict';
import { test } from 'node:test';

import { readAddress } from '../src/address.js';
import { Client, type NodeClientOptions } from '../src/index.js';
import { Client as WebClient } from '../src/web.js';

test('addresses are read with their defaults', () => {
  for (const [text, origin, isTls] of [
    ['https://bookora.example', 'https://bookora.example', true],
    ['https://bookora.example:50051', 'https://bookora.example:50051', true],
    ['HTTPS://bookora.example', 'https://bookora.example', true],
    ['bookora.example:50051', 'https://bookora.example:50051', true],
    ['bookora-webhooks.default.svc:443', 'https://bookora-webhooks.default.svc', true],
    ['http://bookora_1.example', 'http://bookora_1.example', false],
    ['http://127.0.0.1:50051', 'http://127.0.0.1:50051', false],
    ['[::1]:50051', 'https://[::1]:50051', true],
  ] as const) {
    const read = readAddress(text);
    assert.deepEqual([read.origin, read.isTls], [origin, isTls]);
  }
});

test('addresses of another form are refused with what is allowed', () => {
  for (const text of [
    '',
    'https://',
    'ftp://bookora.example',
    'dns:///bookora.example',
    'unix:/run/bookora',
    'https://bookora.example/',
    'https://bookora.example/path',
    'bookora.example/path',
    'https://bookora.example?x',
    'https://bookora.example#x',
    'https://bookora.example?',
    'https://user:hunter2@bookora.example',
    'user:hunter2@bookora.example',
    'bookora.example:',
    'bookora.example:0',
    'bookora.example:65536',
    'bookora.example:http',
    '::1',
    '[::1%25lo]:1',
    '[bookora.example]:1',
    'book ora:1',
    'bookora.example:1,other:1',
    'http://%41:1',
    'a\n:1',
    '1.2.3.256:1',
  ]) {
    for (const Kind of [Client, WebClient]) {
      assert.throws(
        () => new Kind(text),
        ({ message }: Error) => message.includes('https://host:port') && !message.includes('hunter2'),
        text,
      );
    }
  }
});

test('a token is not sent in the clear to another machine', () => {
  const token = 'bwt_secret';
  for (const address of [
    'http://127.0.0.1:1',
    'http://127.8.8.8:1',
    'http://localhost:1',
    'http://[::1]:1',
    'https://bookora.example',
    'bookora.example:1',
  ]) {
    new Client(address, { token }).close();
    new WebClient(address, { token }).close();
  }
  for (const address of ['http://bookora.example:1', 'http://10.0.0.1:1', 'http://localhost.example:1']) {
    for (const Kind of [Client, WebClient]) {
      assert.throws(
        () => new Kind(address, { token }),
        ({ message }: Error) => message.includes('in the clear') && !message.includes(token),
      );
    }
  }
});

test('options that cannot work are refused', () => {
  const refused: [string, NodeClientOptions][] = [
    ['bookora.example', { token: 'bwt_1\n' }],
    ['bookora.example', { timeoutMs: 0 }],
    ['bookora.example', { timeoutMs: Number.POSITIVE_INFINITY }],
    ['bookora.example', { caCertificates: 'none' }],
    ['bookora.example', { caCertificates: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----' }],
    ['bookora.example', { clientCertificate: { certificate: '', key: '' } }],
    ['bookora.example', { clientCertificate: { certificate: 'none', key: 'none' } }],
    ['http://127.0.0.1', { caCertificates: 'of no effect' }],
  ];
  for (const [address, options] of refused) {
    assert.throws(() => new Client(address, options), Error, JSON.stringify(options));
  }
});
