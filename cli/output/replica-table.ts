import type {
  AppStatus,
  GroupStatus,
  ListenerStatus,
  ReplicaState,
  ReplicaStatus,
} from '../../daemon/api/api-types.js';
import type { Colours } from './colours.js';
import { printable } from './printable.js';
import { formatAge, formatBytes, formatLatency, formatPercent, formatRate } from './quantities.js';
import { type Cell, type Column, formatTable } from './table.js';

export interface ReplicaTableOptions {
  readonly colours: Colours;
  /** Unix time, ms. */
  readonly now: number;
  /** Of the app too, where there may be several. */
  readonly showApp: boolean;
  /** Of the host too, in a cluster. Default false. */
  readonly showHost?: boolean | undefined;
  /** True by default. Without, the names of the replicas say it for themselves. */
  readonly showComponents?: boolean | undefined;
  readonly width?: number | undefined;
}

/** A line for each replica: what it is, its state, and what it uses and serves. */
export function formatReplicaTable(
  apps: readonly AppStatus[],
  options: ReplicaTableOptions,
): readonly string[] {
  const { colours, now, showApp, showHost = false, showComponents = true, width } = options;
  const columns: Column[] = [
    ...(showApp ? [{ header: 'APP' }] : []),
    ...(showComponents ? [{ header: 'COMPONENT' }] : []),
    { header: 'REPLICA' },
    ...(showHost ? [{ header: 'HOST' }] : []),
    { header: 'STATE' },
    { header: 'PID', align: 'right' },
    { header: 'AGE', align: 'right' },
    { header: 'RESTARTS', align: 'right' },
    { header: 'CPU', align: 'right' },
    { header: 'MEM', align: 'right' },
    { header: 'CALLS/S', align: 'right' },
    { header: 'ERR/S', align: 'right' },
    { header: 'P50', align: 'right' },
    { header: 'P99', align: 'right' },
  ];
  const rows = apps.flatMap((app) =>
    app.groups.flatMap((group) =>
      rowsOfGroup(group, now, colours).map(([components = '', replica = '', host = '', ...row]) => [
        ...(showApp ? [app.app] : []),
        ...(showComponents ? [components] : []),
        replica,
        ...(showHost ? [host] : []),
        ...row,
      ]),
    ),
  );
  return formatTable(columns, rows, { paintHeader: colours.bold, ...(width === undefined ? {} : { width }) });
}

function rowsOfGroup(group: GroupStatus, now: number, colours: Colours): readonly (readonly Cell[])[] {
  const components = group.components.length === 0 ? group.group : group.components.join(',');
  return group.replicas.map((replica) => [
    components,
    replica.replica,
    printable(replica.host) || '-',
    { text: stateInWords(replica, now), paint: colours[STATE_COLOURS[replica.state]] },
    replica.pid === undefined ? '-' : String(replica.pid),
    !runs(replica) || replica.startedAt === undefined ? '-' : formatAge(now - replica.startedAt),
    replica.restarts === 0 ? '0' : { text: String(replica.restarts), paint: colours.yellow },
    isMeasured(replica) ? formatPercent(replica.cpuPercent) : '-',
    isMeasured(replica) ? formatBytes(replica.rssBytes) : '-',
    formatRate(replica.callsPerSecond),
    replica.errorsPerSecond === 0 ? '0' : { text: formatRate(replica.errorsPerSecond), paint: colours.red },
    replica.p50Ms === 0 ? '-' : formatLatency(replica.p50Ms),
    replica.p99Ms === 0 ? '-' : formatLatency(replica.p99Ms),
  ]);
}

/** What is to be started shows nothing of the process that died. */
function runs({ state, pid }: ReplicaStatus): boolean {
  return pid !== undefined && state !== 'waiting' && state !== 'crash-loop';
}

/** One that was started or adopted just now has not told yet. */
function isMeasured(replica: ReplicaStatus): boolean {
  return runs(replica) && replica.rssBytes > 0;
}

const STATE_COLOURS: Readonly<Record<ReplicaState, 'green' | 'yellow' | 'red' | 'dim'>> = {
  waiting: 'yellow',
  starting: 'yellow',
  adopting: 'yellow',
  serving: 'green',
  draining: 'yellow',
  completed: 'dim',
  'crash-loop': 'red',
  failed: 'red',
  stopped: 'dim',
};

function stateInWords({ state, nextStartAt }: ReplicaStatus, now: number): string {
  if ((state !== 'waiting' && state !== 'crash-loop') || nextStartAt === undefined) return state;
  return `${state}, next in ${formatAge(nextStartAt - now)}`;
}

const APP_COLOURS: Readonly<Record<AppStatus['state'], 'green' | 'yellow' | 'red' | 'dim'>> = {
  deploying: 'yellow',
  serving: 'green',
  degraded: 'yellow',
  stopping: 'yellow',
  stopped: 'dim',
  completed: 'dim',
  failed: 'red',
};

/** `boutique  serving  version 01234567  deployed 3m04s ago`, and below it why it is not serving. */
export function formatAppHead(app: AppStatus, now: number, colours: Colours): readonly string[] {
  const head = [
    colours.bold(app.app),
    colours[APP_COLOURS[app.state]](app.state),
    `version ${app.version}`,
    colours.dim(`deployed ${formatAge(now - app.deployedAt)} ago`),
  ].join('  ');
  return app.reason === undefined ? [head] : [head, `  ${printable(app.reason)}`];
}

export interface ListenerTableOptions {
  readonly colours: Colours;
  /** Of the app too, where there may be several. */
  readonly showApp: boolean;
}

/** A line for each listener below a header; empty when there is none. */
export function formatListenerTable(
  apps: readonly Pick<AppStatus, 'app' | 'listeners' | 'state'>[],
  { colours, showApp }: ListenerTableOptions,
): readonly string[] {
  const columns: Column[] = [
    ...(showApp ? [{ header: 'APP' }] : []),
    { header: 'LISTENER' },
    { header: 'ADDRESS' },
    { header: 'STATE' },
    { header: 'REQ/S', align: 'right' },
    { header: 'COMPONENT' },
    { header: '' },
  ];
  const rows = apps.flatMap(({ app, state, listeners }) =>
    listeners.map((listener) => {
      const row = rowOfListener(listener, state === 'stopping' || state === 'stopped', colours);
      return showApp ? [app, ...row] : row;
    }),
  );
  return rows.length === 0 ? [] : formatTable(columns, rows, { paintHeader: colours.bold });
}

/** Of one app. */
export function formatListeners(
  app: Pick<AppStatus, 'app' | 'listeners' | 'state'>,
  colours: Colours,
): readonly string[] {
  return formatListenerTable([app], { colours, showApp: false });
}

/** Undefined until there is one: a port of 0 is yet to be chosen. */
export function addressOf({ url, state }: ListenerStatus): string | undefined {
  return state !== 'open' && url.endsWith(':0') ? undefined : url;
}

function rowOfListener(listener: ListenerStatus, isStopped: boolean, colours: Colours): readonly Cell[] {
  const paint = isStopped
    ? colours.dim
    : { open: colours.green, opening: colours.yellow, failed: colours.red }[listener.state];
  return [
    listener.name,
    { text: addressOf(listener) ?? '-', paint: colours.cyan },
    { text: isStopped ? 'closed' : listener.state, paint },
    formatRate(listener.requestsPerSecond),
    listener.component,
    printable(listener.reason ?? ''),
  ];
}

/** Why replicas are not serving, one line each; empty when all do. */
export function formatFailures(app: AppStatus, colours: Colours): readonly string[] {
  return app.groups
    .flatMap(({ replicas }) => replicas)
    .filter(({ state, lastFailure }) => state !== 'serving' && lastFailure !== undefined)
    .map(({ replica, lastFailure }) => `${colours.red(replica)}: ${printable(lastFailure ?? '')}`);
}
