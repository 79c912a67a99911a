import { stripVTControlCharacters } from 'node:util';
import type { AppStatus, DaemonStatus, ListenerStatus } from '../../daemon/api/api-types.js';
import type { Colours } from '../output/colours.js';
import { formatDaemonLine } from '../output/daemon-line.js';
import { printable, truncatePainted } from '../output/printable.js';
import { formatRate } from '../output/quantities.js';
import { addressOf, formatAppHead, formatReplicaTable } from '../output/replica-table.js';

export interface LiveView {
  readonly status: AppStatus;
  readonly daemon: DaemonStatus | undefined;
  /** Formatted, oldest first; the newest that fit are shown. */
  readonly logLines: readonly string[];
  readonly now: number;
  readonly columns: number;
  readonly rows: number;
  readonly colours: Colours;
  /** What is going on besides, such as `stopping`. */
  readonly note: string;
}

/** At least so many log lines stay visible when the table would take the whole screen. */
const LEAST_LOG_LINES = 3;

/** The lines of `weaverd run` on a terminal: fewer than its rows, none wider than it. */
export function renderLiveFrame(view: LiveView): readonly string[] {
  const { status, colours, columns, now } = view;
  const room = Math.max(1, view.rows - 1);
  const head = [
    ...formatAppHead(status, now, colours).flatMap((line) => line.split('\n')),
    ...status.listeners.map((listener) => `  ${describeListener(listener, status.state, colours)}`),
    ...(view.daemon === undefined ? [] : [colours.dim(`  ${formatDaemonLine(view.daemon)}`)]),
    '',
  ];
  const table = (showComponents: boolean) =>
    formatReplicaTable([status], { colours, now, showApp: false, showComponents });
  const full = table(true);
  const isTooWide = full.some((line) => stripVTControlCharacters(line).length > columns);
  const [header = '', ...rows] = isTooWide ? table(false) : full;
  const tableRoom = Math.max(1, room - head.length - 1 - 2 - LEAST_LOG_LINES);
  const shown =
    rows.length <= tableRoom
      ? rows
      : [...rows.slice(0, tableRoom - 1), colours.dim(`… ${rows.length - tableRoom + 1} more`)];
  const above = [...head, header, ...shown, ''];
  const logRoom = room - above.length - 1;
  const logs = logRoom > 0 ? view.logLines.flatMap((line) => line.split('\n')).slice(-logRoom) : [];
  return [...above, ...logs, colours.dim(view.note)]
    .slice(0, room)
    .map((line) => truncatePainted(line.replaceAll('\t', '  '), columns));
}

function describeListener(listener: ListenerStatus, app: AppStatus['state'], colours: Colours): string {
  const { name, state, reason, component, requestsPerSecond } = listener;
  const address = addressOf(listener);
  const isOpen = state === 'open' && app !== 'stopping';
  const rate = isOpen ? `  ${formatRate(requestsPerSecond)} req/s to ${component}` : '';
  const open = state === 'open' || app === 'stopping' ? rate : `  ${state}`;
  return `${name}${address === undefined ? '' : `  ${colours.cyan(address)}`}${open}${reason === undefined ? '' : `: ${printable(reason)}`}`;
}
