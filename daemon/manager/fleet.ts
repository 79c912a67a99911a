import type { HostStatus } from '../api/api-types.js';
import {
  type FromLeader,
  type HostReport,
  type RefusalMessage,
  readHeartbeat,
  readReport,
} from '../host/host-messages.js';
import type { Epoch } from '../leader/epoch.js';
import type { Understood } from '../membership/compatibility.js';
import { zoneOf } from '../membership/host-facts.js';
import { declaredDead, type HostRecord, joined } from '../membership/host-record.js';
import type { HostRecords } from '../membership/host-records.js';
import type { Member, MembershipEvent, Refusal } from '../membership/member.js';
import { isIn, Membership, type MembershipTimes } from '../membership/membership.js';
import type { Clock } from '../processes/clock.js';
import { sameJson } from './same-json.js';

export interface FleetOptions {
  readonly records: HostRecords;
  /** By this daemon; counts where it is newer than the store. */
  readonly remembered: readonly HostRecord[];
  readonly clock: Clock;
  readonly self: Understood;
  readonly times?: MembershipTimes | undefined;
  readonly onEvent: (event: MembershipEvent) => void;
  /** A host's report names that epoch. */
  readonly sawEpoch: (epoch: Epoch, leader: string | undefined) => void;
  readonly refuse: (host: string, message: Omit<RefusalMessage, keyof FromLeader>) => void;
}

/** A host as the leader directs it. */
export interface FleetHost {
  readonly member: Member;
  /** `dead` only once that is written down. */
  readonly status: Member['status'];
  readonly draining: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly zone: string;
  /** Undefined until this generation has said what it runs. */
  readonly report: HostReport | undefined;
}

/** A report that was not understood is told of, by its sender's name or none, so often at most. */
const MAX_MALFORMED = 100;
/** Its first report comes at once; without one it would hold up every decision. */
const MAX_UNREPORTED_MS = 3000;

/** The hosts of the cluster as the leader knows them: membership, what the store says of them, and their newest reports. */
export class Fleet {
  readonly #options: FleetOptions;
  readonly #membership: Membership;
  readonly #reports = new Map<string, HostReport>();
  /** To be written before it is acted on; by host, the generation. */
  readonly #deaths = new Map<string, number>();
  readonly #joins = new Set<string>();
  /** Monotonic ms, by host: since when it has not said what it runs. */
  readonly #unreportedSince = new Map<string, number>();
  readonly #startedAt: number;
  #malformed = 0;

  constructor(options: FleetOptions) {
    const { records, remembered, clock, self, times } = options;
    this.#options = options;
    const known = newestOfEach([...records.all(), ...remembered]);
    this.#startedAt = clock.monotonic();
    this.#membership = new Membership({
      self,
      ...(times === undefined ? {} : { times }),
      now: clock.monotonic(),
      verdicts: known,
      known: known.flatMap(({ facts }) => (facts === undefined ? [] : [{ facts, sequence: 0 }])),
    });
  }

  /** Takes a heartbeat or report; true when decisions may change. */
  heard(body: unknown): boolean {
    const read = readHeartbeat(body);
    if ('problem' in read) {
      this.#tellMalformed(read.problem);
      return false;
    }
    const { heartbeat } = read;
    const { facts } = heartbeat;
    const before = this.#membership.member(facts.host);
    const heard = this.#membership.heard(heartbeat, this.#options.clock.monotonic());
    if (heard.kind === 'stale') return false;
    this.#tell(heard.events);
    if (heard.kind === 'refused') {
      this.#refuse(facts, heard.refusal);
      return heard.events.length > 0;
    }
    if (before?.facts.generation !== facts.generation) {
      this.#reports.delete(facts.host);
      this.#unreportedSince.set(facts.host, this.#options.clock.monotonic());
    }
    const reported = readReport(body, heartbeat);
    if ('problem' in reported) this.#tellMalformed(reported.problem);
    const report = 'problem' in reported ? undefined : reported.report;
    if (report === undefined) return heard.events.length > 0;
    this.#options.sawEpoch(report.highestEpoch, report.leader);
    const known = this.#reports.get(facts.host);
    this.#reports.set(facts.host, report);
    return heard.events.length > 0 || known === undefined || !sameJson(decisive(known), decisive(report));
  }

  /** Time has passed; true when decisions may change. */
  tick(canHear: boolean): boolean {
    const events = this.#membership.tick(this.#options.clock.monotonic(), canHear);
    this.#tell(events);
    return events.length > 0;
  }

  /** What the store says of a host has changed; undefined: of any. */
  judge(host: string | undefined): void {
    const { records } = this.#options;
    for (const record of host === undefined ? records.all() : [records.of(host)])
      this.#tell(this.#membership.judge(record));
  }

  /** Writes down who died, which is then acted on, and who joined. Rejects with the store's BusError; to be called again. */
  async settle(): Promise<void> {
    const { records } = this.#options;
    for (const [host, generation] of this.#deaths) {
      await records.change(host, 'leader', (record) => declaredDead(record, generation));
      if (this.#deaths.get(host) === generation) this.#deaths.delete(host);
    }
    for (const host of this.#joins) {
      const facts = this.#membership.member(host)?.facts;
      this.#joins.delete(host);
      if (facts === undefined) continue;
      await records
        .change(host, 'leader', (record) => joined(record, facts))
        .catch((reason: unknown) => {
          this.#joins.add(host);
          throw reason;
        });
    }
  }

  /** Of a host that is there it is not known yet what it runs: to decide now would be in haste. */
  get isUnreported(): boolean {
    return this.hosts().some(({ status, report }) => status === 'alive' && report === undefined);
  }

  /** Sorted by host. */
  hosts(): readonly FleetHost[] {
    return this.#membership.members().map((member) => {
      const { host } = member.facts;
      const record = this.#options.records.of(host);
      const report = this.#reports.get(host);
      const labels = record.labels ?? member.facts.labels;
      return {
        member,
        status: this.#statusOf(member),
        draining: record.draining || report?.wantsToLeave === true,
        labels,
        zone: zoneOf({ host, labels }),
        report,
      };
    });
  }

  statuses(): readonly HostStatus[] {
    const now = this.#options.clock.monotonic();
    return this.hosts().map(({ member, status, draining, labels, report }) => ({
      host: member.facts.host,
      generation: member.facts.generation,
      state: status,
      draining,
      address: member.facts.address,
      labels,
      capacity: member.facts.capacity,
      weaverd: member.facts.version,
      replicas: isIn(member) ? (report?.replicas.length ?? 0) : 0,
      used: isIn(member) && report !== undefined ? usedBy(report) : undefined,
      silentMs: Math.max(0, now - member.heardAt),
      problems: report?.problems ?? [],
    }));
  }

  problems(): readonly string[] {
    return [
      ...this.#membership.problems(),
      ...this.hosts().flatMap(({ status, report }) =>
        status === 'alive' || status === 'suspect' ? (report?.problems ?? []) : [],
      ),
    ];
  }

  /** A host that cannot be directed, or does not say what it runs, gets nothing new, as one that is not heard of. */
  #statusOf({ facts, status, incompatibility }: Member): Member['status'] {
    if (this.#deaths.has(facts.host)) return 'suspect';
    if (status !== 'alive') return status;
    if (incompatibility !== undefined) return 'suspect';
    if (this.#reports.has(facts.host)) return 'alive';
    const since = this.#unreportedSince.get(facts.host) ?? this.#startedAt;
    return this.#options.clock.monotonic() - since < MAX_UNREPORTED_MS ? 'alive' : 'suspect';
  }

  #tell(events: readonly MembershipEvent[]): void {
    for (const event of events) {
      const { kind, host, generation } = event;
      this.#options.onEvent(event);
      if (host === undefined) continue;
      if (kind === 'died' || kind === 'left') this.#deaths.set(host, generation);
      if (kind === 'joined' || kind === 'restarted') this.#joins.add(host);
    }
  }

  #refuse({ host, generation, installation }: Member['facts'], refusal: Refusal): void {
    this.#options.refuse(host, { generation, installation, refusal });
  }

  #tellMalformed(problem: string): void {
    if (++this.#malformed > MAX_MALFORMED) return;
    const more = this.#malformed === MAX_MALFORMED ? '; no more of them are told' : '';
    this.#options.onEvent({
      kind: 'malformed-report',
      host: undefined,
      generation: 0,
      message: `a report of a host cannot be read: ${problem}${more}`,
    });
  }
}

/** Undefined when no replica has measured yet. */
function usedBy({ replicas }: HostReport): HostStatus['used'] {
  const loads = replicas.flatMap(({ load }) => (load === undefined ? [] : [load]));
  if (loads.length === 0) return undefined;
  const cpu = loads.map(({ cpuMs, intervalMs }) => (intervalMs > 0 ? cpuMs / intervalMs : 0));
  return {
    cpuPercent: 100 * cpu.reduce((sum, each) => sum + each, 0),
    rssBytes: loads.reduce((sum, { rssBytes }) => sum + rssBytes, 0),
  };
}

function decisive(report: HostReport) {
  const { facts, placementsEpoch, routesEpoch, versions, replicas, ingress, wantsToLeave, problems } = report;
  return [
    facts,
    placementsEpoch,
    routesEpoch,
    versions,
    // Of load only whether there is any to balance slices by: that begins or ends the balancing.
    replicas.map(({ load, ...replica }) => [replica, load?.keys !== undefined && load.keys.length > 0]),
    ingress.routesApplied,
    ingress.listeners.map(({ app, listener, url, state, backends }) => [
      app,
      listener,
      url,
      state,
      backends.length,
    ]),
    wantsToLeave,
    problems,
  ];
}

function newestOfEach(records: readonly HostRecord[]): readonly HostRecord[] {
  const newest = new Map<string, HostRecord>();
  for (const record of records) {
    const known = newest.get(record.host);
    if (known === undefined || known.change < record.change) newest.set(record.host, record);
  }
  return [...newest.values()];
}
