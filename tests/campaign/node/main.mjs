// The Node parts of a campaign, by the TypeScript SDK: `node main.mjs publish|receive|watch CAST NOTES`.
// What they do is told in the files of the same name in Python, above this folder.
import { openSync, readFileSync, writeSync } from 'node:fs';

import { publish } from './publish.mjs';
import { receive } from './receive.mjs';
import { watch } from './watch.mjs';

const [role, castPath, notesPath] = process.argv.slice(2);
const file = openSync(notesPath, 'a', 0o600);

/** Notes something, in one line of JSON. */
function note(what) {
  writeSync(file, `${JSON.stringify({ ...what, t: Date.now() / 1000 })}\n`);
}

await { publish, receive, watch }[role](JSON.parse(readFileSync(castPath, 'utf8')), note);
