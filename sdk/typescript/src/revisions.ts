import type { Delivery } from './v1.js';

/** About 15 MB. What is forgotten comes at worst a second time, after a resume. */
export const REVISIONS_MAX = 100_000;

/** Remembers the last revision of each delivery, and forgets the one seen least recently beyond a number. */
export class Revisions {
  /** By delivery; a Map has its keys in the order in which they were set: the least recently seen first. */
  private readonly last = new Map<string, number>();

  constructor(private readonly max: number = REVISIONS_MAX) {}

  get size(): number {
    return this.last.size;
  }

  /** Says whether the delivery was not seen at this revision or a later one, and remembers it. */
  isNew({ deliveryId, revision }: Pick<Delivery, 'deliveryId' | 'revision'>): boolean {
    const last = this.last.get(deliveryId);
    this.last.delete(deliveryId);
    this.last.set(deliveryId, Math.max(last ?? revision, revision));
    this.forgetBeyondMax();
    return last === undefined || revision > last;
  }

  private forgetBeyondMax(): void {
    if (this.last.size <= this.max) return;
    const [oldest] = this.last.keys();
    if (oldest !== undefined) this.last.delete(oldest);
  }
}
