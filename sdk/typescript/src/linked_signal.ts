/**
 * A signal that is aborted with the first of others. Unlike `AbortSignal.any` it can be released, so that a
 * long-lived one does not keep all that ever followed it.
 */
export class LinkedSignal {
  private readonly controller = new AbortController();
  private readonly followed: AbortSignal[];

  constructor(...signals: (AbortSignal | undefined)[]) {
    this.followed = signals.filter((signal) => signal !== undefined);
    for (const signal of this.followed) {
      if (signal.aborted) this.controller.abort(signal.reason);
      signal.addEventListener('abort', this.follow);
    }
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Aborts this one, and not those that it follows. */
  abort(): void {
    this.release();
    this.controller.abort();
  }

  /** Follows no longer. */
  release(): void {
    for (const signal of this.followed) signal.removeEventListener('abort', this.follow);
  }

  private readonly follow = (event: Event) => this.controller.abort((event.target as AbortSignal).reason);
}
