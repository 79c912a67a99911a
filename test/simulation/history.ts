import { CLEAR, type Link, type Weather } from './network.js';
import { Random } from './random.js';

/** What is done to the cluster, and by its users. `forMs`: until it is mended. */
export type Action = { readonly at: number } & (
  | { readonly kind: 'weather'; readonly weather: Weather; readonly forMs: number }
  /** The daemon alone is killed; what it kept goes on. */
  | { readonly kind: 'kill'; readonly host: string; readonly forMs: number }
  | { readonly kind: 'reboot'; readonly host: string; readonly forMs: number }
  /** With its disk, and for good. */
  | { readonly kind: 'destroy'; readonly host: string }
  | { readonly kind: 'pause'; readonly host: string; readonly forMs: number }
  | { readonly kind: 'link'; readonly host: string; readonly link: Link; readonly forMs: number }
  | { readonly kind: 'leave'; readonly host: string; readonly forMs: number }
  | { readonly kind: 'drain'; readonly host: string; readonly draining: boolean }
  | { readonly kind: 'bus-down'; readonly forMs: number }
  | { readonly kind: 'store-empty' }
  | { readonly kind: 'store-lose'; readonly writes: number }
  /** Who leads is stopped for a while; the lease that another takes is acknowledged, and lost `afterMs` later. */
  | { readonly kind: 'store-lose-lease'; readonly afterMs: number; readonly forMs: number }
  | { readonly kind: 'crash-proclet'; readonly host: string }
  /** One that owns keys stands still. */
  | { readonly kind: 'pause-proclet'; readonly host: string; readonly forMs: number }
  | { readonly kind: 'deploy'; readonly host: string; readonly app: string; readonly replicas: number }
  /** The version that was deployed last, with another manifest. */
  | { readonly kind: 'redeploy'; readonly host: string; readonly app: string; readonly replicas: number }
  | { readonly kind: 'stop'; readonly host: string; readonly app: string; readonly remove: boolean }
);

/** All that decides a run. */
export interface History {
  readonly seed: number;
  readonly hosts: readonly string[];
  /** In order of time. */
  readonly actions: readonly Action[];
}

export const DEFAULT_HOSTS = 4;
export const MAX_HOSTS = 64;
const APPS = ['shop', 'blog'];
/** The cluster has formed by then. */
const FIRST_MS = 2000;
const LAST_MS = 40_000;

export function historyOf(seed: number, hostCount: number): History {
  const random = new Random(seed).fork('history');
  const hosts = Array.from({ length: hostCount }, (_, index) => `h${index + 1}`);
  const count = random.whole(3, 14);
  // One at most is lost for good and one other drained, so that there is always one to run on.
  const mortal = hostCount >= 2 ? hosts[0] : undefined;
  const drainable = hostCount >= 3 ? hosts[1] : undefined;
  const actions: Action[] = [
    { at: FIRST_MS, kind: 'deploy', host: random.pick(hosts), app: 'shop', replicas: random.whole(1, 4) },
  ];
  for (let made = 0; made < count; made++) {
    const at = Math.floor(random.between(FIRST_MS, LAST_MS));
    actions.push({ at, ...anyAction(random, hosts, mortal, drainable) });
  }
  return { seed, hosts, actions: actions.sort((a, b) => a.at - b.at) };
}

type Undated<T> = T extends Action ? Omit<T, 'at'> : never;

function anyAction(
  random: Random,
  hosts: readonly string[],
  mortal: string | undefined,
  drainable: string | undefined,
): Undated<Action> {
  const host = random.pick(hosts);
  const app = random.pick(APPS);
  const replicas = random.whole(1, 4);
  const forMs = Math.floor(random.between(300, random.chance(0.5) ? 4000 : 15_000));
  const kinds: readonly (readonly [weight: number, make: () => Undated<Action>])[] = [
    [5, () => ({ kind: 'deploy', host, app, replicas })],
    [2, () => ({ kind: 'redeploy', host, app, replicas })],
    [2, () => ({ kind: 'stop', host, app, remove: random.chance(0.5) })],
    [4, () => ({ kind: 'weather', weather: anyWeather(random), forMs })],
    [4, () => ({ kind: 'kill', host, forMs })],
    [2, () => ({ kind: 'reboot', host, forMs })],
    [4, () => ({ kind: 'pause', host, forMs })],
    [5, () => ({ kind: 'link', host, link: random.pick(['cut', 'deaf', 'mute', 'minority']), forMs })],
    // For longer than keys are leased.
    [2, () => ({ kind: 'link', host, link: 'cut', forMs: random.whole(16_000, 40_000) })],
    [1, () => ({ kind: 'leave', host, forMs })],
    [
      drainable === undefined ? 0 : 1,
      () => ({ kind: 'drain', host: drainable ?? '', draining: random.chance(0.7) }),
    ],
    [mortal === undefined ? 0 : 1, () => ({ kind: 'destroy', host: mortal ?? '' })],
    [2, () => ({ kind: 'bus-down', forMs })],
    [2, () => ({ kind: 'store-empty' })],
    [3, () => ({ kind: 'store-lose', writes: random.whole(1, 30) })],
    [3, () => ({ kind: 'store-lose-lease', afterMs: random.whole(0, 400), forMs: 4000 + forMs })],
    [2, () => ({ kind: 'crash-proclet', host })],
    [3, () => ({ kind: 'pause-proclet', host, forMs })],
  ];
  let rest = random.between(
    0,
    kinds.reduce((sum, [weight]) => sum + weight, 0),
  );
  for (const [weight, make] of kinds) {
    rest -= weight;
    if (rest < 0) return make();
  }
  return { kind: 'crash-proclet', host };
}

function anyWeather(random: Random): Weather {
  const share = () => (random.chance(0.5) ? random.between(0, 0.25) : 0);
  return { ...CLEAR, lost: share(), slow: share(), twice: share(), stale: share(), gaps: share() };
}
