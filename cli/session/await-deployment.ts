import type { AppStatus } from '../../daemon/api/api-types.js';
import type { CliEnvironment } from '../environment.js';
import { type DeploymentOutcome, deploymentOutcome, type OutcomePolicy } from './deployment-outcome.js';

const POLL_MS = 200;
/** A listener that a serving app does not open in this time is taken for one that it does not need. */
const LISTENER_WAIT_MS = 10_000;
/** An app without an open listener has shown nothing of what it does: it is to serve on for so long. */
const STEADY_MS = 1000;

export interface AwaitedDeployment {
  readonly app: string;
  readonly version: string;
  readonly timeoutMs: number;
  readonly policy: OutcomePolicy;
  /** Told of every status that is seen. */
  readonly observe: (status: AppStatus, outcome: DeploymentOutcome) => void;
  readonly signal?: AbortSignal | undefined;
}

export type AwaitedOutcome =
  | Exclude<DeploymentOutcome, { readonly kind: 'waiting' }>
  | { readonly kind: 'timed-out'; readonly for: readonly string[] }
  | { readonly kind: 'aborted' };

/** Looks at the app until it serves, and goes on to, has completed or failed, or the time is over. */
export async function awaitDeployment(
  client: { app(name: string): Promise<AppStatus> },
  cli: Pick<CliEnvironment, 'now' | 'sleep'>,
  awaited: AwaitedDeployment,
): Promise<AwaitedOutcome> {
  const deadline = cli.now() + awaited.timeoutMs;
  let settledAt: number | undefined;
  let steady: { readonly since: number; readonly restarts: number } | undefined;
  for (;;) {
    if (awaited.signal?.aborted === true) return { kind: 'aborted' };
    const status = await client.app(awaited.app);
    const outcome = deploymentOutcome(status, awaited.version, awaited.policy);
    awaited.observe(status, outcome);
    const now = cli.now();
    if (outcome.kind === 'serving' && !status.listeners.some(({ state }) => state === 'open')) {
      const restarts = restartsOf(status);
      if (steady?.restarts !== restarts) steady = { since: now, restarts };
      if (now < Math.min(deadline, steady.since + STEADY_MS)) {
        await cli.sleep(POLL_MS, awaited.signal);
        continue;
      }
    }
    if (outcome.kind !== 'waiting') return outcome;
    const { otherwise } = outcome;
    settledAt = otherwise === undefined ? undefined : (settledAt ?? cli.now());
    if (otherwise !== undefined && cli.now() >= Math.min(deadline, (settledAt ?? 0) + LISTENER_WAIT_MS))
      return { kind: otherwise };
    if (cli.now() >= deadline) return { kind: 'timed-out', for: outcome.for };
    await cli.sleep(POLL_MS, awaited.signal);
  }
}

function restartsOf({ groups, version }: AppStatus): number {
  return groups
    .flatMap(({ replicas }) => replicas)
    .filter((replica) => replica.version === version)
    .reduce((sum, { restarts }) => sum + restarts, 0);
}

/** `starting boutique: 3 of 11 replicas serve; waiting for Ads, Cart`. */
export function describeWaiting(app: string, outcome: DeploymentOutcome): string {
  if (outcome.kind !== 'waiting') return `${app}: ${outcome.kind}`;
  const { serving, wanted } = outcome;
  const rest = outcome.for.length === 0 ? '' : `; waiting for ${outcome.for.join(', ')}`;
  return `starting ${app}: ${serving} of ${wanted} replicas serve${rest}`;
}
