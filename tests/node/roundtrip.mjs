// Checks that JavaScript writes each body as it reads it: JSON.stringify(JSON.parse(B)) === B.
//
// Reads bodies from stdin, one a line, and prints one line at the end:
// {"lines":N,"mismatches":M,"first":[{"line":B,"got":"…"}]}. Exits with 0 if N > 0 and M = 0.

const FIRST_MAX = 5; // enough to see a pattern
const NEWLINE = 0x0a; // readline would also split at U+2028, which a body may hold

const result = { lines: 0, mismatches: 0, first: [] };

function check(line) {
  const got = restringified(line.toString());
  result.lines += 1;
  // Bytes are compared, so that a body that is no UTF-8 does not pass as its replacement.
  if (Buffer.from(got).equals(line)) return;
  result.mismatches += 1;
  if (result.first.length < FIRST_MAX) result.first.push({ line: line.toString(), got });
}

function restringified(text) {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
}

let parts = []; // of a line that is not complete yet
for await (const chunk of process.stdin) {
  let start = 0;
  for (let end; (end = chunk.indexOf(NEWLINE, start)) !== -1; start = end + 1) {
    check(Buffer.concat([...parts, chunk.subarray(start, end)]));
    parts = [];
  }
  if (start < chunk.length) parts.push(chunk.subarray(start));
}
if (parts.length > 0) check(Buffer.concat(parts));

console.log(JSON.stringify(result));
process.exitCode = result.lines > 0 && result.mismatches === 0 ? 0 : 1;
