import { WebhookError } from './error.js';
import type { JsonObject } from './event.js';
import { dateOf, readTime } from './time.js';

/** The contract has integers of 32 bits. */
const INTEGER_MAX = 2 ** 31 - 1;

/** An object of JSON of which fields are read one by one; the first that is not as it should be is thrown. */
export class ObjectReader {
  readonly fields: JsonObject;

  /** `path` is empty for the body itself. */
  constructor(
    private readonly path: string,
    value: unknown,
  ) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new WebhookError('MALFORMED_BODY', `${path || 'the body'} is not a JSON object`, {
        field: path || undefined,
      });
    }
    this.fields = value as JsonObject;
  }

  value(name: string): unknown {
    if (!Object.hasOwn(this.fields, name)) throw this.refused(name, 'is missing');
    return this.fields[name];
  }

  text(name: string): string {
    const value = this.value(name);
    if (typeof value !== 'string') throw this.refused(name, 'is not a text');
    return value;
  }

  /** An object with this one property, by the name that it is to have; with none where there is no field. */
  optionalText<Property extends string>(name: string, property: Property): { [P in Property]?: string } {
    if (!Object.hasOwn(this.fields, name)) return {};
    return { [property]: this.text(name) } as { [P in Property]?: string };
  }

  number(name: string): number {
    const value = this.value(name);
    // What is beyond every number is Infinity by now.
    if (typeof value !== 'number' || !Number.isFinite(value)) throw this.refused(name, 'is not a number');
    return value;
  }

  integer(name: string): number {
    const value = this.number(name);
    if (!Number.isInteger(value) || Math.abs(value) > INTEGER_MAX) {
      throw this.refused(name, 'is not a whole number');
    }
    return value;
  }

  /** In nanoseconds since 1970. */
  nanos(name: string): bigint {
    const nanos = readTime(this.text(name));
    if (nanos === undefined) throw this.refused(name, 'is not a time of RFC 3339');
    return nanos;
  }

  time(name: string): Date {
    return dateOf(this.nanos(name));
  }

  private refused(name: string, why: string): WebhookError {
    const field = this.path ? `${this.path}.${name}` : name;
    return new WebhookError('MALFORMED_BODY', `${field} ${why}`, { field });
  }
}
