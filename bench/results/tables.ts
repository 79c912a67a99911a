import { AIMS, isMet } from './aims.js';
import type { Run } from './run.js';

/** A table of the ratios, those with aims first, and one of the lines of each bench; by the name of their place in RESULTS.md. */
export function tablesOf(run: Run, newest: Run): ReadonlyMap<string, string> {
  const tables = new Map([['ratios', ratioTable(run.ratios, newest.ratios)]]);
  const benches = new Set(run.lines.map(({ bench }) => bench));
  for (const bench of benches) tables.set(bench, lineTable(run, bench));
  return tables;
}

/**
 * The document with its tables replaced: each stands between `<!-- measured: name -->` and `<!-- end -->`. Throws for
 * a table that has no place.
 */
export function withTables(document: string, tables: ReadonlyMap<string, string>): string {
  let filled = document;
  for (const [name, table] of tables) {
    const begin = `<!-- measured: ${name} -->`;
    const from = filled.indexOf(begin);
    const to = from < 0 ? -1 : filled.indexOf('<!-- end -->', from);
    if (to < 0) throw new Error(`the document has no place for ${name}: add ${begin} and <!-- end -->`);
    filled = `${filled.slice(0, from + begin.length)}\n\n${table}\n\n${filled.slice(to)}`;
  }
  return filled;
}

function ratioTable(ratios: ReadonlyMap<string, number>, newest: ReadonlyMap<string, number>): string {
  const names = [...new Set([...ratios.keys(), ...newest.keys()])];
  const ordered = [
    ...Object.keys(AIMS).filter((name) => names.includes(name)),
    ...names.filter((name) => AIMS[name] === undefined),
  ];
  const rows = ordered.map((name) => {
    const aim = AIMS[name];
    const wanted = aim === undefined ? '–' : `${aim.bound} ${aim.value}`;
    return row([`\`${name}\``, wanted, ...judged(name, ratios.get(name)), ...judged(name, newest.get(name))]);
  });
  return [
    row(['ratio', 'aim', 'Node 20', '', 'newest Node', '']),
    row(Array.from({ length: 6 }, () => '---')),
    ...rows,
  ].join('\n');
}

function judged(name: string, measured: number | undefined): readonly [string, string] {
  if (measured === undefined) return ['–', ''];
  const aim = AIMS[name];
  if (aim === undefined) return [String(measured), ''];
  return [String(measured), isMet(aim, measured) ? 'met' : 'missed'];
}

function lineTable({ lines }: Run, bench: string): string {
  const rows = lines
    .filter((line) => line.bench === bench)
    .map(({ case: what, system, value, unit, spread, rounds }) =>
      row([what, system, String(value), unit, `${Math.round(spread * 100)} %`, String(rounds)]),
    );
  const head = ['case', 'system', 'median', 'unit', 'spread', 'rounds'];
  return [row(head), row(head.map(() => '---')), ...rows].join('\n');
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}
