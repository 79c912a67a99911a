import type { DoctorReport } from '../api/api-types.js';
import type { Bus, Subscription } from '../bus/bus.js';
import type { Subjects } from '../bus/subjects.js';
import { askHosts } from '../cluster/ask-hosts.js';
import type { ClusterView } from '../manager/cluster-view.js';
import type { Clock } from '../processes/clock.js';
import { type ClockReading, type HostExamination, type ReachTarget, readExamination } from './examination.js';
import { type ExamineOptions, examineHost, MAX_TARGETS } from './examine-host.js';
import { findings } from './findings.js';

export interface DoctorOptions {
  readonly own: ExamineOptions;
  readonly bus: Bus;
  readonly subjects: Subjects;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  /** Others that are there, as far as is known here. */
  readonly hosts: () => readonly string[];
  readonly view: () => Promise<ClusterView>;
  readonly isAlone: boolean;
}

const CLOCK_MS = 1000;
const EXAMINE_MS = 5000;
/** The quickest of them bounds the error. */
const CLOCK_ATTEMPTS = 3;

/** Lets other daemons examine this host. */
export function serveExaminations({
  bus,
  subjects,
  own,
  clock,
}: Pick<DoctorOptions, 'bus' | 'subjects' | 'own' | 'clock'>): Subscription {
  return bus.serve(subjects.doctor(own.host), (body) => {
    const { targets } = (body ?? {}) as { readonly targets?: unknown };
    // Without targets only the time is asked for, which must not wait.
    return Array.isArray(targets) ? examineHost(own, targets as ReachTarget[]) : { now: clock.now() };
  });
}

/** Examines all hosts. Rejects never; takes some seconds. */
export async function diagnose(options: DoctorOptions): Promise<DoctorReport> {
  const { own, bus, subjects, isAlone } = options;
  const view = await options.view();
  const others = options.hosts().filter((host) => host !== own.host);
  const targets = reachTargets(view);
  const elsewhere = (host: string) => targets.filter((target) => target.host !== host).slice(0, MAX_TARGETS);
  const clocks: ClockReading[] = [{ host: own.host, aheadMs: 0, boundMs: 0 }];
  const [mine, { answers, missing }] = await Promise.all([
    examineHost(own, elsewhere(own.host)),
    askHosts(others, async (host): Promise<HostExamination> => {
      clocks.push(await readClock(options, host));
      const answer = await bus.request(
        subjects.doctor(host),
        { targets: elsewhere(host) },
        { timeoutMs: EXAMINE_MS },
      );
      const examination = readExamination(answer);
      if (examination === undefined) throw new Error('its answer cannot be read; is it a newer weaverd?');
      return examination;
    }),
  ]);
  const examinations = [mine, ...answers.map(({ answer }) => answer)];
  const found = findings({ view, examinations, missing, clocks, isAlone });
  return { ok: found.every(({ level }) => level !== 'problem'), findings: found };
}

/** One serving replica of each host. */
function reachTargets({ apps }: ClusterView): readonly ReachTarget[] {
  const byHost = new Map<string, ReachTarget>();
  for (const { groups } of apps)
    for (const { replicas } of groups)
      for (const { replica, host, state, remoteAddress } of replicas)
        if (state === 'serving' && remoteAddress?.kind === 'tcp' && !byHost.has(host))
          byHost.set(host, { replica, host, address: remoteAddress.host, port: remoteAddress.port });
  return [...byHost.values()];
}

/** Cristian's algorithm: the answer was given somewhere between asking and hearing. */
async function readClock({ bus, subjects, clock }: DoctorOptions, host: string): Promise<ClockReading> {
  let best: ClockReading | undefined;
  for (let attempt = 0; attempt < CLOCK_ATTEMPTS; attempt++) {
    const asked = clock.monotonic();
    const answer = await bus.request(subjects.doctor(host), {}, { timeoutMs: CLOCK_MS });
    const boundMs = (clock.monotonic() - asked) / 2;
    const { now } = (answer ?? {}) as { readonly now?: unknown };
    if (typeof now !== 'number') throw new Error('its answer cannot be read; is it a newer weaverd?');
    if (best === undefined || boundMs < best.boundMs)
      best = { host, aheadMs: now - (clock.now() - boundMs), boundMs };
  }
  return best ?? { host, aheadMs: 0, boundMs: Number.POSITIVE_INFINITY };
}
