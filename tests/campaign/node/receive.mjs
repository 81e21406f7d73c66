// Verifies each request, notes it, and only then answers that all is well.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';

import { verify } from './sdk.mjs';

const OK = 204;

export async function receive(cast, note) {
  const secrets = Object.fromEntries(cast.endpoints.map((each) => [each.name, each.secrets]));
  const server = createServer(async (request, response) => {
    const chunks = [];
    try {
      for await (const chunk of request) chunks.push(chunk);
    } catch {
      // The service was killed, or the connection cut, in the middle of it.
      return;
    }
    const name = request.url.slice(1);
    note(noted(name, request, Buffer.concat(chunks), secrets[name]));
    response.writeHead(OK).end();
  });
  server.listen(0, '127.0.0.1', () => console.log(`127.0.0.1:${server.address().port}`));
}

function noted(name, request, body, secrets) {
  const { 'x-bookora-delivery': delivery, 'x-bookora-attempt': attempt } = request.headers;
  const hash = createHash('sha256').update(body).digest('hex');
  const note = { p: name, d: delivery, n: Number(attempt), s: OK, h: hash };
  try {
    // Clocks are set here: a request may say that it is of another day.
    const event = verify(body, request.headersDistinct, secrets, { toleranceSeconds: null });
    return { ...note, v: true, id: event.id, k: event.rawData.customer_id };
  } catch (error) {
    return { ...note, v: false, id: '', k: '', why: String(error) };
  }
}
