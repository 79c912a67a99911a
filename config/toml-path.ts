export type KeyPath = readonly (string | number)[];

/** As one writes it in TOML: `components.Cart.replicas`, `env."A B"`, `colocate[1]`. */
export function formatKeyPath(path: KeyPath): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else text += (text === '' ? '' : '.') + formatKey(part);
  }
  return text;
}

/** `[components.Cart]`, or `the top level`. */
export function formatSection(path: KeyPath): string {
  return path.length === 0 ? 'the top level' : `[${formatKeyPath(path)}]`;
}

function formatKey(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key);
}

/**
 * The line (from 1) of a key in a TOML text, or of the nearest table or key around it. It reads headers and the start of
 * each line only, so a key inside an inline table has the line of that table.
 */
export function lineOfKey(text: string, path: KeyPath): number | undefined {
  const wanted = path.filter((part) => typeof part === 'string');
  let section: readonly string[] = [];
  let best: { readonly line: number; readonly depth: number } | undefined;
  let fence: string | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    if (fence !== undefined) {
      if (line.includes(fence)) fence = undefined;
      continue;
    }
    const keys = keysOfLine(line);
    if (keys === undefined) continue;
    const here = keys.header ? keys.path : [...section, ...keys.path];
    if (keys.header) section = keys.path;
    else fence = openedFence(line);
    if (here.length > (best?.depth ?? 0) && isPrefix(here, wanted))
      best = { line: index + 1, depth: here.length };
  }
  return best?.line;
}

const KEY = String.raw`(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')`;
const KEYS = String.raw`${KEY}(?:\s*\.\s*${KEY})*`;
const HEADER = new RegExp(String.raw`^\s*\[\[?\s*(${KEYS})\s*\]`);
const ASSIGNMENT = new RegExp(String.raw`^\s*(${KEYS})\s*=`);

function keysOfLine(
  line: string,
): { readonly header: boolean; readonly path: readonly string[] } | undefined {
  const header = HEADER.exec(line)?.[1];
  if (header !== undefined) return { header: true, path: splitKeys(header) };
  const assigned = ASSIGNMENT.exec(line)?.[1];
  return assigned === undefined ? undefined : { header: false, path: splitKeys(assigned) };
}

function splitKeys(keys: string): readonly string[] {
  return [...keys.matchAll(new RegExp(KEY, 'g'))].map(([key]) =>
    /^["']/.test(key) ? key.slice(1, -1) : key,
  );
}

/** The delimiter of a string of several lines that starts here and does not end here. */
function openedFence(line: string): string | undefined {
  return ['"""', "'''"].find((fence) => line.split(fence).length === 2);
}

function isPrefix(path: readonly string[], of: readonly string[]): boolean {
  return path.length <= of.length && path.every((part, index) => part === of[index]);
}
