// A receiver as a user of Fastify writes it; what it verifies and reports is verify.mjs.

import Fastify from 'fastify';
import { HOST, PATH, listening, receive, refused, tls } from './verify.mjs';

const app = Fastify({ https: tls() });

// Fastify's own parser with its own defaults, which refuse `__proto__` and the like; only the raw
// body is kept beside it.
const parse = app.getDefaultJsonParser('error', 'error');
app.decorateRequest('rawBody', null);
app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (req, rawBody, done) => {
  req.rawBody = rawBody;
  parse(req, rawBody, done);
});

app.post(PATH, async (req, reply) => reply.code(receive(req)).send());

app.setErrorHandler((error, req, reply) => {
  refused(req, error);
  reply.code(error.statusCode ?? 500).send();
});

await app.listen({ host: HOST, port: 0 });
listening(app.server.address().port);
