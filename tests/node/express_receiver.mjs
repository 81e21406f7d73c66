// A receiver as a user of Express writes it; what it verifies and reports is verify.mjs.

import https from 'node:https';
import express from 'express';
import { HOST, PATH, listening, receive, refused, tls } from './verify.mjs';

const app = express();

app.use(express.json({
  verify: (req, _res, rawBody) => {
    req.rawBody = rawBody;
  },
}));

app.post(PATH, (req, res) => {
  res.status(receive(req)).end();
});

// Four parameters make it Express's error handler: malformed JSON, a body over 100 KiB.
app.use((error, req, res, _next) => {
  refused(req, error);
  res.status(error.status ?? 500).end();
});

const server = https.createServer(tls(), app);
server.listen(0, HOST, () => listening(server.address().port));
