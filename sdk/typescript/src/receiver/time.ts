/** RFC 3339 section 5.6, with the letters in capitals. */
const RFC_3339 = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d+))?(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))$/;

/** A time in nanoseconds since 1970; undefined where the text is none. */
export function readTime(text: string): bigint | undefined {
  const match = RFC_3339.exec(text);
  if (!match) return undefined;
  const [, clock = '', fraction = '', sign, hours, minutes] = match;
  const milliseconds = Date.parse(`${clock}.000Z`);
  // A 30th of February is moved to March without a word.
  if (Number.isNaN(milliseconds) || !new Date(milliseconds).toISOString().startsWith(clock)) return undefined;
  const ahead = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * (sign === '-' ? -1 : 1);
  return BigInt(milliseconds - ahead * 60_000) * 1_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, '0'));
}

/** Of nanoseconds since 1970, to the millisecond before. */
export function dateOf(nanos: bigint): Date {
  const millisecond = nanos / 1_000_000n;
  return new Date(Number(millisecond * 1_000_000n > nanos ? millisecond - 1n : millisecond));
}
