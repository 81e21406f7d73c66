/**
 * Remembers the ids of the last events, as many as it is made for. A real receiver keeps them where it keeps
 * what it did with the events, so that a restart forgets none.
 */
export class Memory {
  private readonly seen = new Set<string>();

  constructor(private readonly size: number) {}

  isNew(id: string): boolean {
    if (this.seen.has(id)) return false;
    this.seen.add(id);
    const [oldest] = this.seen;
    if (this.seen.size > this.size && oldest !== undefined) this.seen.delete(oldest);
    return true;
  }
}
