import { messageOf } from '../bus/keyed-log.js';

/** Hosts that are asked at the same time. */
const CONCURRENCY = 32;

/** A host whose answer is lacking, and why. */
export interface MissingHost {
  readonly host: string;
  readonly reason: string;
}

/** What each host answers, in the order of the hosts; those that do not are named with why. Never rejects. */
export async function askHosts<T>(
  hosts: readonly string[],
  ask: (host: string) => Promise<T>,
): Promise<{
  readonly answers: readonly { readonly host: string; readonly answer: T }[];
  readonly missing: readonly MissingHost[];
}> {
  const results = new Map<string, { readonly answer: T }>();
  const missing: MissingHost[] = [];
  const left = [...hosts];
  const worker = async () => {
    for (let host = left.shift(); host !== undefined; host = left.shift())
      try {
        results.set(host, { answer: await ask(host) });
      } catch (reason) {
        missing.push({ host, reason: messageOf(reason) });
      }
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, hosts.length) }, worker));
  const answers = hosts.flatMap((host) => {
    const result = results.get(host);
    return result === undefined ? [] : [{ host, ...result }];
  });
  return { answers, missing: missing.sort((a, b) => (a.host < b.host ? -1 : 1)) };
}
