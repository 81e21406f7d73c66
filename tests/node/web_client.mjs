// A client of gRPC-Web as a page is one: fetch, framed bodies, what a browser may read. Calls that
// come as JSON lines on stdin are made, and what came of each is a JSON line on stdout; a stream is
// told message by message.

import readline from 'node:readline';

const TRAILERS = 0x80;

function framed(message) {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

async function* frames(body) {
  let rest = Buffer.alloc(0);
  for await (const chunk of body) {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 5 && rest.length >= 5 + rest.readUInt32BE(1)) {
      const end = 5 + rest.readUInt32BE(1);
      yield { flags: rest[0], payload: rest.subarray(5, end) };
      rest = rest.subarray(end);
    }
  }
  if (rest.length > 0) throw new Error('the body ends within a frame');
}

function fields(text) {
  const lines = text.split('\r\n').filter((line) => line !== '');
  return Object.fromEntries(lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  }));
}

function tell(what) {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

async function call({ url, message, headers, method }) {
  const response = await fetch(url, {
    method: method ?? 'POST',
    headers: { 'content-type': 'application/grpc-web+proto', 'x-grpc-web': '1', ...headers },
    body: method === undefined ? framed(Buffer.from(message, 'base64')) : undefined,
  });
  const head = Object.fromEntries(response.headers);
  // An error that comes at once has its status there.
  tell({ status: response.status, head });
  let trailers = head;
  for await (const { flags, payload } of frames(response.body ?? [])) {
    if (flags & TRAILERS) trailers = fields(payload.toString('latin1'));
    else tell({ message: payload.toString('base64') });
  }
  tell({ trailers });
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  await call(JSON.parse(line)).catch((error) => tell({ failed: String(error.cause ?? error) }));
}
