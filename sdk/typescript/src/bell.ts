/** Rings for whoever waits at that moment. */
export class Bell {
  private waiting: (() => void)[] = [];

  /** Comes when it is rung next. */
  next(): Promise<void> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  ring(): void {
    const { waiting } = this;
    this.waiting = [];
    for (const resolve of waiting) resolve();
  }
}
