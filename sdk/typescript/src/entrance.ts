import { abortionOf, throwIfAborted } from './failure.js';

interface Entrant {
  enter: () => void;
  refuse: (error: Error) => void;
}

/** Lets as many in as there is room for, in the order in which they came, and the others wait. */
export class Entrance {
  private readonly waiting: Entrant[] = [];
  private closedFor: Error | undefined;

  constructor(private readonly hasRoom: () => boolean) {}

  /** Calls `enter` when it is its turn: at once where there is room. Rejects where the signal was earlier. */
  async pass(enter: () => void, signal: AbortSignal | undefined): Promise<void> {
    if (signal) throwIfAborted(signal);
    if (this.closedFor) throw this.closedFor;
    if (this.waiting.length === 0 && this.hasRoom()) return enter();
    await this.queue(enter, signal);
  }

  /** There may be room now. */
  admit(): void {
    while (this.waiting.length > 0 && this.hasRoom()) this.waiting.shift()?.enter();
  }

  /** Refuses whoever waits or comes. The first reason stays. */
  close(error: Error): void {
    this.closedFor ??= error;
    for (const { refuse } of this.waiting.splice(0)) refuse(this.closedFor);
  }

  private queue(enter: () => void, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.waiting.splice(this.waiting.indexOf(entrant), 1);
        if (signal) reject(abortionOf(signal));
      };
      const entrant: Entrant = {
        enter: () => {
          signal?.removeEventListener('abort', leave);
          enter();
          resolve();
        },
        refuse: (error) => {
          signal?.removeEventListener('abort', leave);
          reject(error);
        },
      };
      this.waiting.push(entrant);
      signal?.addEventListener('abort', leave, { once: true });
    });
  }
}
