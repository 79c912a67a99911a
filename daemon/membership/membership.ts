import { incompatibility, type Understood } from './compatibility.js';
import type { HostFacts } from './host-facts.js';
import type { Heard, Member, MembershipEvent, MembershipEventKind, Rival } from './member.js';

export const MEMBERSHIP_HEARTBEAT_MS = 1000;

export interface MembershipTimes {
  /** Silence after which a host is suspected; 3000 by default. */
  readonly suspectMs: number;
  /** Silence after which its generation is dead; 8000 by default. */
  readonly deadMs: number;
  /** The same while more than half of the hosts are silent; 30,000 by default. */
  readonly massDeadMs: number;
}

export const DEFAULT_TIMES: MembershipTimes = { suspectMs: 3000, deadMs: 8000, massDeadMs: 30_000 };

/** Those that are dead or left make room for new ones. */
export const MAX_HOSTS = 20_000;
/** Hosts of which a dead generation is known. */
const MAX_VERDICTS = 5 * MAX_HOSTS;

/** What the store keeps of a host, as far as it decides who may be one. */
export interface Verdict {
  readonly host: string;
  /** Generations up to it never return; 0: none. */
  readonly deadUpTo: number;
  readonly removed: boolean;
}

export interface MembershipOptions {
  readonly self: Understood;
  readonly times?: MembershipTimes;
  /** Monotonic ms at which this leader began: nobody's silence counts from earlier. */
  readonly now: number;
  readonly verdicts: readonly Verdict[];
  /** Heard of while another led. */
  readonly known: readonly { readonly facts: HostFacts; readonly sequence: number }[];
}

export interface HeardReport {
  readonly facts: HostFacts;
  /** Rises with each report of the generation. */
  readonly sequence: number;
  /** It stops in good order, and this is its last report. */
  readonly leaving: boolean;
}

/**
 * Who is in the cluster, as the leader sees it: a table that says what each report and the passing time change. It does
 * no I/O; all times are monotonic ms of the leader. A death is to be written to the store (host-records.ts) before it
 * is acted on, so that the next leader knows it too.
 *
 * When more than half of the hosts that are not dead are silent at once, it is more likely that the leader or the bus
 * cannot hear: then they are declared dead only after a longer silence, and when it ends all have their time anew.
 */
export class Membership {
  readonly #self: Understood;
  readonly #times: MembershipTimes;
  readonly #members = new Map<string, Member>();
  readonly #verdicts = new Map<string, Verdict>();
  /** Nobody's silence counts from earlier. */
  #graceFrom: number;
  #lastTick: number;
  #massSilence = false;

  constructor({ self, times = DEFAULT_TIMES, now, verdicts, known }: MembershipOptions) {
    this.#self = self;
    this.#times = times;
    this.#graceFrom = now;
    this.#lastTick = now;
    for (const verdict of verdicts) this.#verdicts.set(verdict.host, verdict);
    for (const { facts, sequence } of known)
      if (!this.#isOut(facts)) this.#members.set(facts.host, this.#fresh(facts, sequence, now));
  }

  /** Sorted by host. */
  members(): readonly Member[] {
    return [...this.#members.values()].sort((a, b) => (a.facts.host < b.facts.host ? -1 : 1));
  }

  member(host: string): Member | undefined {
    return this.#members.get(host);
  }

  isDeadGeneration(host: string, generation: number): boolean {
    return generation <= (this.#verdicts.get(host)?.deadUpTo ?? 0);
  }

  /** More than half of the hosts are silent: nobody is declared dead in haste. */
  get massSilence(): boolean {
    return this.#massSilence;
  }

  /** Lasting troubles, each with its mend. */
  problems(): readonly string[] {
    return this.members().flatMap(({ facts, rival, incompatibility: why }) => [
      ...(rival === undefined ? [] : [duplicateMessage(facts, rival.facts)]),
      ...(why === undefined ? [] : [why]),
    ]);
  }

  /** The store's record of a host changed. */
  judge(verdict: Verdict): readonly MembershipEvent[] {
    const deadUpTo = Math.max(verdict.deadUpTo, this.#verdicts.get(verdict.host)?.deadUpTo ?? 0);
    this.#verdicts.set(verdict.host, { ...verdict, deadUpTo });
    const member = this.#members.get(verdict.host);
    if (member === undefined || !this.#isOut(member.facts)) return [];
    const why = verdict.removed ? 'was removed from the cluster' : 'was declared dead';
    const events = isIn(member) ? [this.#died(member, `${verdict.host} ${why}`)] : [];
    if (verdict.removed) this.#members.delete(verdict.host);
    return events;
  }

  heard(report: HeardReport, now: number): Heard {
    const { facts } = report;
    const { host, generation } = facts;
    const member = this.#members.get(host);
    const verdict = this.#verdicts.get(host);
    if (verdict?.removed) {
      const message = `${host} was removed from the cluster; "weaverd undrain ${host}" lets it in again`;
      return { kind: 'refused', refusal: { reason: 'removed', message }, events: [] };
    }
    if (verdict !== undefined && generation <= verdict.deadUpTo)
      return this.#heardDead(report, verdict.deadUpTo, member, now);
    if (member === undefined) return this.#join(report, now);
    const isSame = facts.installation === member.facts.installation;
    if (!isSame && isIn(member)) return this.#rival(member, facts, now);
    if (generation < member.facts.generation) return { kind: 'stale' };
    if (generation > member.facts.generation || !isSame) return this.#replace(member, report, now);
    if (report.sequence <= member.sequence) return { kind: 'stale' };
    return this.#alive(member, report, now);
  }

  /**
   * To be called about every {@link MEMBERSHIP_HEARTBEAT_MS}. `canHear`: the bus is connected; while it is not, the
   * table stands still.
   */
  tick(now: number, canHear: boolean): readonly MembershipEvent[] {
    const { suspectMs, deadMs, massDeadMs } = this.#times;
    // A leader that was stopped itself has not read yet what came meanwhile.
    if (!canHear || now - this.#lastTick >= suspectMs) this.#graceFrom = now;
    this.#lastTick = now;
    const events: MembershipEvent[] = [];
    const present = [...this.#members.values()].filter(isIn);
    const silent = present.filter((member) => this.#silence(member, now) >= suspectMs).length;
    events.push(...this.#judgeSilence(silent, present.length, now));
    const limit = this.#massSilence ? massDeadMs : deadMs;
    for (const member of present) {
      const silence = this.#silence(member, now);
      const { host, generation } = member.facts;
      const seconds = Math.round(silence / 1000);
      if (silence >= limit)
        events.push(this.#died(member, `${host} was silent for ${seconds} s and is declared dead`));
      else if (silence >= suspectMs && member.status === 'alive') {
        this.#members.set(host, { ...member, status: 'suspect' });
        events.push(event('suspected', host, generation, `${host} has been silent for ${seconds} s`));
      }
    }
    for (const member of this.#members.values())
      if (member.rival !== undefined && now - member.rival.heardAt >= deadMs)
        events.push(this.#endRivalry(member, member.rival));
    return events;
  }

  #silence({ heardAt }: Member, now: number): number {
    return now - Math.max(heardAt, this.#graceFrom);
  }

  #judgeSilence(silent: number, present: number, now: number): readonly MembershipEvent[] {
    const isMass = silent > present / 2;
    if (isMass === this.#massSilence) return [];
    this.#massSilence = isMass;
    const silentHosts = `${silent} of ${present} hosts are silent`;
    if (isMass) {
      const why = 'the bus or this leader may be cut off';
      const then = `none is declared dead before ${this.#times.massDeadMs / 1000} s`;
      return [event('mass-silence', undefined, 0, `${silentHosts} at once: ${why}, so ${then}`)];
    }
    this.#graceFrom = now; // the rest may be about to be heard, too
    return [event('mass-silence-ended', undefined, 0, silentHosts)];
  }

  #isOut({ host, generation }: HostFacts): boolean {
    return this.#verdicts.get(host)?.removed === true || this.isDeadGeneration(host, generation);
  }

  #fresh(facts: HostFacts, sequence: number, now: number): Member {
    return {
      facts,
      sequence,
      status: 'alive',
      heardAt: now,
      rival: undefined,
      replaced: undefined,
      incompatibility: incompatibility(facts, this.#self),
    };
  }

  #join(report: HeardReport, now: number): Heard {
    const { facts, sequence } = report;
    if (report.leaving) return { kind: 'stale' };
    const isFull = this.#members.size >= MAX_HOSTS && !this.#makeRoom();
    if (isFull || (this.#verdicts.size >= MAX_VERDICTS && !this.#verdicts.has(facts.host))) {
      const message = `the cluster has ${MAX_HOSTS} hosts, or had ${MAX_VERDICTS}, already; ${facts.host} is left out`;
      return { kind: 'refused', refusal: { reason: 'too-many-hosts', message }, events: [] };
    }
    const member = this.#fresh(facts, sequence, now);
    this.#members.set(facts.host, member);
    const joined = event('joined', facts.host, facts.generation, `${facts.host} joined`);
    return { kind: 'accepted', events: [joined, ...compatibilityEvents(undefined, member)] };
  }

  #replace(before: Member, report: HeardReport, now: number): Heard {
    if (report.leaving) return { kind: 'stale' };
    const { facts, sequence } = report;
    const { host, generation } = facts;
    const old = before.facts.generation;
    this.#bury(host, old);
    const wasIn = isIn(before);
    const replaced = wasIn ? { generation: old, sequence: before.sequence, at: now } : undefined;
    const member = { ...this.#fresh(facts, sequence, now), replaced };
    this.#members.set(host, member);
    const kind = wasIn ? 'restarted' : 'joined';
    const message = wasIn ? `the daemon of ${host} was restarted` : `${host} is back as a new generation`;
    const events = [event(kind, host, generation, message), ...compatibilityEvents(before, member)];
    if (before.rival !== undefined) events.unshift(this.#endedEvent(before, before.rival));
    return { kind: 'accepted', events };
  }

  #alive(before: Member, report: HeardReport, now: number): Heard {
    const { facts, sequence, leaving } = report;
    const { host, generation } = facts;
    const member: Member = {
      ...before,
      facts,
      sequence,
      heardAt: now,
      status: leaving ? 'left' : 'alive',
      incompatibility: incompatibility(facts, this.#self),
    };
    this.#members.set(host, member);
    const events = [...compatibilityEvents(before, member)];
    if (leaving) {
      this.#bury(host, generation);
      events.push(event('left', host, generation, `${host} left the cluster`));
    } else if (before.status === 'suspect')
      events.push(event('recovered', host, generation, `${host} is heard again`));
    return { kind: 'accepted', events };
  }

  #rival(member: Member, facts: HostFacts, now: number): Heard {
    this.#members.set(member.facts.host, { ...member, rival: { facts, heardAt: now } });
    const message = duplicateMessage(member.facts, facts);
    const { host, generation } = facts;
    const events = member.rival === undefined ? [event('duplicate-name', host, generation, message)] : [];
    return { kind: 'refused', refusal: { reason: 'duplicate-name', message }, events };
  }

  /** A copied state folder makes two daemons of one installation: the older one goes on after it was replaced. */
  #heardDead(report: HeardReport, deadUpTo: number, member: Member | undefined, now: number): Heard {
    const { facts, sequence } = report;
    const replaced = member?.replaced;
    if (member !== undefined && isIn(member) && replaced?.generation === facts.generation) {
      if (report.leaving || sequence <= replaced.sequence || now - replaced.at < this.#times.suspectMs)
        return { kind: 'stale' }; // sent before it ended
      return this.#rival(member, facts, now);
    }
    if (report.leaving) return { kind: 'stale' };
    const message = `generation ${facts.generation} of ${facts.host} was declared dead and never returns: restart as a new one`;
    return { kind: 'refused', refusal: { reason: 'dead-generation', deadUpTo, message }, events: [] };
  }

  #died(member: Member, message: string): MembershipEvent {
    const { host, generation } = member.facts;
    this.#bury(host, generation);
    this.#members.set(host, { ...member, status: 'dead' });
    return event('died', host, generation, message);
  }

  #bury(host: string, generation: number): void {
    const before = this.#verdicts.get(host) ?? { host, deadUpTo: 0, removed: false };
    this.#verdicts.set(host, { ...before, deadUpTo: Math.max(before.deadUpTo, generation) });
  }

  #endRivalry(member: Member, rival: Rival): MembershipEvent {
    this.#members.set(member.facts.host, { ...member, rival: undefined });
    return this.#endedEvent(member, rival);
  }

  #endedEvent({ facts }: Member, rival: Rival): MembershipEvent {
    const message = `only one daemon is named ${facts.host} now`;
    return event('duplicate-name-ended', facts.host, rival.facts.generation, message);
  }

  /** Forgets the one that has been gone for longest. */
  #makeRoom(): boolean {
    const gone = [...this.#members.values()].filter((member) => !isIn(member));
    const [oldest] = gone.sort((a, b) => a.heardAt - b.heardAt);
    return oldest !== undefined && this.#members.delete(oldest.facts.host);
  }
}

/** Whether what it runs counts. */
export function isIn({ status }: Member): boolean {
  return status === 'alive' || status === 'suspect';
}

function duplicateMessage(facts: HostFacts, rival: HostFacts): string {
  const [one, other] = [facts, rival].map(
    ({ address, installation }) => address ?? `installation ${installation}`,
  );
  return `two daemons are named ${facts.host}: the one at ${one} stays, the one at ${other} is left out: give it another name, and a state folder that was not copied`;
}

function compatibilityEvents(before: Member | undefined, after: Member): readonly MembershipEvent[] {
  const { facts, incompatibility: why } = after;
  if (why === before?.incompatibility) return [];
  const kind = why === undefined ? 'compatible' : 'incompatible';
  const message = why ?? `weaverd ${facts.version} on ${facts.host} can be directed again`;
  return [event(kind, facts.host, facts.generation, message)];
}

function event(
  kind: MembershipEventKind,
  host: string | undefined,
  generation: number,
  message: string,
): MembershipEvent {
  return { kind, host, generation, message };
}
