import { plan } from '../../daemon/manager/plan.js';
import type { PlanMemory } from '../../daemon/manager/plan-memory.js';
import type { HostFacts } from '../../daemon/membership/host-facts.js';
import { MEMBERSHIP_HEARTBEAT_MS, Membership } from '../../daemon/membership/membership.js';
import type { SimulatedFleet } from './simulated-fleet.js';

/** From daemon to daemon. */
const BUS_MS = 5;
/** From a host's placements to its replica serving. */
const START_MS = 500;
/** A host reports so long after something changed. */
const REPORT_MS = 20;
const PROTOCOL = { version: '0.1.0', protocol: 1, oldestProtocol: 1 };
const GIVE_UP_MS = 120_000;

export interface Convergence {
  /** Virtual, from the deaths until every replica serves again; NaN when that never came. */
  readonly ms: number;
  /** Heartbeats, placements and the reports that acknowledge them and tell of replicas that serve, meanwhile. */
  readonly messagesPerSecond: number;
}

/**
 * The hosts fall silent at 0, right after a heartbeat. Virtual time is that of membership, of the bus and of starting
 * replicas; a plan takes what it really took. Each host heartbeats at its own moment of the interval.
 */
export function convergeAfterDeaths(
  fleet: SimulatedFleet,
  memory: PlanMemory,
  victims: ReadonlySet<string>,
): Convergence {
  const { names } = fleet;
  const membership = new Membership({
    self: PROTOCOL,
    now: 0,
    verdicts: [],
    known: names.map((host) => ({ facts: factsOf(host), sequence: 1 })),
  });
  const survivors = names.filter((name) => !victims.has(name));
  let messages = 0;
  let remembered = memory;
  for (let now = MEMBERSHIP_HEARTBEAT_MS; now < GIVE_UP_MS; now += MEMBERSHIP_HEARTBEAT_MS) {
    for (const host of survivors)
      membership.heard({ facts: factsOf(host), sequence: now, leaving: false }, now);
    messages += survivors.length;
    membership.tick(now, true);
    const dead = membership.members().filter(({ status }) => status === 'dead');
    if (dead.length === 0) continue;

    fleet.setStatus(
      dead.map(({ facts }) => facts.host),
      'dead',
    );
    const observed = fleet.observe();
    const begun = performance.now();
    const planned = plan(fleet.records, observed, now, remembered);
    now += performance.now() - begun;
    remembered = planned.memory;
    const changed = fleet.apply(planned, 'starting');
    now += BUS_MS + START_MS + REPORT_MS + BUS_MS;
    fleet.serve(changed);
    // Placements, and reports that they are there, that replicas start, and that they serve.
    messages += 4 * changed.length;
    const final = plan(fleet.records, fleet.observe(), now, remembered);
    const serving = final.apps.flatMap((app) => app.observed).filter(({ state }) => state === 'serving');
    if (serving.length === fleet.replicas) return { ms: now, messagesPerSecond: (messages * 1000) / now };
  }
  return { ms: Number.NaN, messagesPerSecond: Number.NaN };
}

function factsOf(host: string): HostFacts {
  return {
    host,
    generation: 1,
    installation: host,
    address: '10.0.0.1',
    labels: {},
    capacity: { cpus: 16, memoryBytes: 2 ** 36, maxReplicas: 24 },
    version: PROTOCOL.version,
    protocol: PROTOCOL.protocol,
  };
}
