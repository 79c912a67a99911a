import { BusError } from './bus.js';

/**
 * The subjects of the control plane. What concerns one version of an app is below that version, so that a daemon
 * hears of the versions it hosts and of no other; what concerns a host is below the host.
 */
export interface Subjects {
  /** RoutingMessage to the hosts of that version. */
  routing(app: string, version: string): string;
  /** PlacementsMessage to one host. */
  placements(host: string): string;
  /** What one host remembers, which it answers. */
  memory(host: string): string;
  /** RefusalMessage to one host. */
  refusal(host: string): string;
  /** RoutesMessage to one host's ingress. */
  ingress(host: string): string;
  /** LeaseMessage to one host. */
  lease(host: string): string;
  /** HostReport of one host; `*` for all of them. */
  report(host: string): string;
  /** LogPull of one host, which it answers with a LogPage. */
  logs(host: string): string;
  /** SpanQuery of one host, which it answers with TraceSpans. */
  traces(host: string): string;
  /** StateRequest of one host, which it answers with a StateReply. */
  stateQueries(host: string): string;
  /** Examination of one host, which it answers. */
  doctor(host: string): string;
  /** ClusterView, which the leader answers. */
  readonly view: string;
  /** PlanView, which the leader answers. */
  readonly plan: string;
  /** RoutingQuery to the leader, which answers what there is of it. */
  readonly routingViews: string;
  /** DaemonEvent with its origin, to all daemons. */
  readonly events: string;
  /** Asks every host for a report at once. */
  readonly callForReports: string;
}

export function subjectsOf(cluster: string): Subjects {
  const root = `weaver.${subjectToken(cluster)}`;
  const hosts = `${root}.hosts`;
  return {
    routing: (app, version) => `${root}.v.${subjectToken(app)}.${subjectToken(version)}.routing`,
    placements: (host) => `${hosts}.${subjectToken(host)}.placements`,
    memory: (host) => `${hosts}.${subjectToken(host)}.memory`,
    refusal: (host) => `${hosts}.${subjectToken(host)}.refusal`,
    ingress: (host) => `${hosts}.${subjectToken(host)}.ingress`,
    lease: (host) => `${hosts}.${subjectToken(host)}.lease`,
    report: (host) => `${hosts}.${host === '*' ? '*' : subjectToken(host)}.report`,
    logs: (host) => `${hosts}.${subjectToken(host)}.logs`,
    traces: (host) => `${hosts}.${subjectToken(host)}.traces`,
    stateQueries: (host) => `${hosts}.${subjectToken(host)}.state`,
    doctor: (host) => `${hosts}.${subjectToken(host)}.doctor`,
    view: `${root}.manager.view`,
    plan: `${root}.manager.plan`,
    routingViews: `${root}.manager.routing`,
    events: `${root}.events`,
    callForReports: `${root}.manager.call`,
  };
}

/** A name as one token of a subject: what a token may not hold is written `=xx` (UTF-8, hex), and so is `=`. */
export function subjectToken(name: string): string {
  if (name === '') throw new BusError('INVALID', 'an empty name cannot be part of a subject');
  return name.replace(/[^A-Za-z0-9_-]/gu, (character) =>
    [...Buffer.from(character)].map((byte) => `=${byte.toString(16).padStart(2, '0')}`).join(''),
  );
}

/** Whether a subscription's pattern takes in a subject. */
export function subjectMatches(pattern: string, subject: string): boolean {
  if (pattern === subject) return true;
  const wanted = pattern.split('.');
  const given = subject.split('.');
  for (const [index, token] of wanted.entries()) {
    if (token === '>') return given.length > index;
    if (index >= given.length || (token !== '*' && token !== given[index])) return false;
  }
  return wanted.length === given.length;
}
