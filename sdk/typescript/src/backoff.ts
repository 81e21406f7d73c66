/** How long to wait before something is tried again: full jitter, so that not all clients come at once. */
export class Backoff {
  private longestMs: number;

  constructor(
    private readonly firstMs: number,
    private readonly maxMs: number,
    /** A number in [0, 1). */
    private readonly random: () => number = Math.random,
  ) {
    this.longestMs = firstMs;
  }

  /** Of streams that are opened again: a service that comes back is found within 10 s. */
  static ofStreams(random?: () => number): Backoff {
    return new Backoff(100, 10_000, random);
  }

  /** The wait before the next try, in milliseconds: what the service asked for, if it did. */
  next(askedMs?: number): number {
    const longestMs = this.longestMs;
    this.longestMs = Math.min(longestMs * 2, this.maxMs);
    return askedMs ?? this.random() * longestMs;
  }

  /** Something went well. */
  reset(): void {
    this.longestMs = this.firstMs;
  }
}
