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
    const timer = setTimeout(end, milliseconds, true);
    signal?.addEventListener('abort', cut);
  });
}
