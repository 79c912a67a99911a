import type { RoutingView } from '../../daemon/api/api-types.js';
import type { Colours } from './colours.js';
import { printable } from './printable.js';
import { formatTable } from './table.js';

/** Where one key goes. */
export interface KeyPlace {
  readonly hash: number;
  /** Empty while its keys are handed over. */
  readonly replica: string;
  /** Of an owned component: the fencing number. */
  readonly epoch?: number;
  /** Who has to let go of them first. */
  readonly heldBy?: string;
  /** Replicas that serve it as well. */
  readonly others: readonly string[];
  readonly host: string | undefined;
  /** [start, end) of the slice. */
  readonly start: number;
  readonly end: number;
}

const SPACE = 2 ** 32;
/** Slices shown; `--json` has them all. */
const SHOWN = 20;

/** Undefined when the component has no slices. */
export function placeOf({ slices, replicas }: RoutingView, hash: number): KeyPlace | undefined {
  const index = slices.findLastIndex(({ start }) => start <= hash);
  const slice = slices[index];
  if (slice === undefined) return undefined;
  const { start, replica, others = [], load: _, ...owned } = slice;
  const host = replicas.find((each) => each.replica === replica)?.host;
  return { hash, replica, others, host, start, end: slices[index + 1]?.start ?? SPACE, ...owned };
}

/** The replicas with what they own, and the slices that are handed over or have most of the load. */
export function formatRouting(view: RoutingView, colours: Colours): readonly string[] {
  const { app, version, component, epoch, owned, measured, replicas, slices } = view;
  const total = slices.reduce((sum, { load }) => sum + load, 0);
  const loadOf = (load: number) => (measured && total > 0 ? percent(load / total) : '-');
  const endOf = (index: number) => slices[index + 1]?.start ?? SPACE;
  const rows = slices.map((slice, index) => ({ ...slice, end: endOf(index) }));
  const shown =
    rows.length <= SHOWN
      ? rows
      : rows
          .toSorted(
            (a, b) =>
              Number(b.replica === '') - Number(a.replica === '') ||
              b.load - a.load ||
              b.end - b.start - (a.end - a.start),
          )
          .slice(0, SHOWN)
          .sort((a, b) => a.start - b.start);
  const options = { paintHeader: colours.dim };
  return [
    `${colours.bold(app)} ${colours.dim(version)} ${colours.cyan(component)}  epoch ${epoch}`,
    '',
    ...formatTable(
      [
        { header: 'REPLICA' },
        { header: 'HOST' },
        { header: 'SLICES', align: 'right' },
        { header: 'KEYS', align: 'right' },
        { header: 'LOAD', align: 'right' },
      ],
      replicas.map(({ replica, host, slices: count, share, load }) => [
        printable(replica),
        printable(host),
        String(count),
        percent(share),
        loadOf(load),
      ]),
      options,
    ),
    '',
    ...formatTable(
      [
        { header: 'FROM' },
        { header: 'TO' },
        { header: 'REPLICA' },
        { header: 'KEYS', align: 'right' },
        { header: 'LOAD', align: 'right' },
        ...(owned ? [{ header: 'EPOCH', align: 'right' as const }] : []),
      ],
      shown.map(({ start, end, replica, others = [], load, epoch: fence = 0, heldBy }) => [
        hex(start),
        hex(end - 1),
        replica === '' ? handedOver(heldBy) : printable([replica, ...others].join(', ')),
        end - start === 1 ? 'one' : percent((end - start) / SPACE),
        loadOf(load),
        ...(owned ? [String(fence)] : []),
      ]),
      options,
    ),
    ...(shown.length < rows.length
      ? [colours.dim(`${rows.length - shown.length} slices with less load are not shown; --json has them`)]
      : []),
  ];
}

export function formatPlace(key: string, place: KeyPlace): string {
  const { hash, replica, others, host, start, end, heldBy, epoch } = place;
  const slice = `slice ${hex(start)} to ${hex(end - 1)}${epoch === undefined ? '' : `, epoch ${epoch}`}`;
  if (replica === '') return `${printable(key)} (hash ${hex(hash)}) is ${handedOver(heldBy)}: ${slice}`;
  const at = host === undefined ? '' : ` on ${printable(host)}`;
  const or = others.map((other) => ` or ${printable(other)}`).join('');
  return `${printable(key)} (hash ${hex(hash)}) goes to ${printable(replica)}${at}${or}: ${slice}`;
}

function handedOver(heldBy: string | undefined): string {
  return heldBy === undefined ? 'not owned yet' : `handed over by ${printable(heldBy)}`;
}

function hex(hash: number): string {
  return hash.toString(16).padStart(8, '0');
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
