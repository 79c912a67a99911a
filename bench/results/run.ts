import type { ResultLine } from '../report.js';

/** What `bench --json` printed. */
export interface Run {
  readonly lines: readonly ResultLine[];
  readonly ratios: ReadonlyMap<string, number>;
}

/** Throws for a text that is something else, with the number of its first wrong line. */
export function readRun(json: string): Run {
  const lines: ResultLine[] = [];
  const ratios = new Map<string, number>();
  for (const [index, text] of json.split('\n').entries()) {
    if (text.trim() === '') continue;
    const parsed = parse(text);
    if (parsed === undefined)
      throw new Error(`line ${index + 1} is no result of \`bench --json\`: ${text.slice(0, 80)}`);
    if ('ratios' in parsed)
      for (const [name, value] of Object.entries(parsed.ratios)) ratios.set(name, value);
    else lines.push(parsed);
  }
  return { lines, ratios };
}

function parse(text: string): ResultLine | { readonly ratios: Readonly<Record<string, number>> } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined; // the caller names the line
  }
  if (typeof value !== 'object' || value === null || !('bench' in value)) return undefined;
  if ('ratios' in value) return value as { readonly ratios: Readonly<Record<string, number>> };
  return 'case' in value && 'value' in value ? (value as ResultLine) : undefined;
}
