import { truncate } from './printable.js';

export interface Column {
  readonly header: string;
  readonly align?: 'right';
}

/** Text of one line; `paint` adds what has no width. */
export type Cell = string | { readonly text: string; readonly paint: (text: string) => string };

export interface TableOptions {
  readonly paintHeader?: (text: string) => string;
  /** Longer lines are cut. */
  readonly width?: number;
}

const GAP = '  ';

/** Lines of a table whose columns are as wide as their widest cell. No trailing spaces. */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  options: TableOptions = {},
): readonly string[] {
  const paintHeader = options.paintHeader ?? ((text: string) => text);
  const header = columns.map(({ header: text }): Cell => ({ text, paint: paintHeader }));
  const lines = [header, ...rows];
  const widths = columns.map((_, index) =>
    Math.max(...lines.map((cells) => widthOf(textOf(cells[index] ?? '')))),
  );
  return lines.map((cells) => formatLine(columns, widths, cells, options.width ?? Number.POSITIVE_INFINITY));
}

function formatLine(
  columns: readonly Column[],
  widths: readonly number[],
  cells: readonly Cell[],
  width: number,
): string {
  const last = cells.findLastIndex((cell) => textOf(cell) !== '');
  let line = '';
  let left = width;
  for (const [index, cell] of cells.slice(0, last + 1).entries()) {
    const gap = index === 0 ? '' : GAP;
    left -= gap.length;
    if (left <= 0) break;
    const text = truncate(textOf(cell), left);
    const padding = ' '.repeat(Math.max(0, Math.min(widths[index] ?? 0, left) - widthOf(text)));
    const painted = typeof cell === 'string' ? text : cell.paint(text);
    if (columns[index]?.align === 'right') line += gap + padding + painted;
    else line += gap + painted + (index === last ? '' : padding);
    left -= widthOf(text) + padding.length;
  }
  return line.trimEnd();
}

function textOf(cell: Cell): string {
  return typeof cell === 'string' ? cell : cell.text;
}

function widthOf(text: string): number {
  return [...text].length;
}
