/** npm passes on the Ctrl-C that the terminal sent us as well: within this time two are one. */
const SAME_MS = 1000;

export type Interruption = 'stop' | 'same' | 'kill';

/** What the next SIGINT or SIGTERM means, by when it comes (ms, on any clock that only rises). */
export function interruptions(): (at: number) => Interruption {
  let firstAt: number | undefined;
  return (at) => {
    if (firstAt === undefined) {
      firstAt = at;
      return 'stop';
    }
    return at - firstAt < SAME_MS ? 'same' : 'kill';
  };
}
