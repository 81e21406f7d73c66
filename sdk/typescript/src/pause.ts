/** The longest that a timer takes, 24 days; a longer one would fire at once. */
export const TIMER_MS_MAX = 2 ** 31 - 1;

/** Waits, and says whether the signal, if any, let it. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve(false);
    const end = (isWhole: boolean) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', cut);
      resolve(isWhole);
    };
    const cut = () => end(false);
    const timer = setTimeout(end, Math.min(milliseconds, TIMER_MS_MAX), true);
    signal?.addEventListener('abort', cut);
  });
}
