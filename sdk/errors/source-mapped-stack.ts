import { readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

/**
 * Shows the places of the app's own sources in stacks, by the source map beside the bundle. Node's `--enable-source-maps`
 * would do the same, but reads the map at start, which costs every proclet some 11 MB; this reads it at the first error.
 */
export function mapStacks(bundle: string): void {
  const url = pathToFileURL(bundle).href;
  let map: SourceMap | undefined | null = null;
  Error.prepareStackTrace = (error, frames) => {
    if (map === null) map = readMap(`${fileURLToPath(url)}.map`);
    const loaded = map;
    const lines = frames.map(
      (frame) => `\n    at ${loaded === undefined ? frame : mapped(frame, url, loaded)}`,
    );
    return `${headerOf(error)}${lines.join('')}`;
  };
}

/** Undefined when there is none: stacks then show places of the bundle. */
function readMap(path: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(path, 'utf8')) as SourceMapPayload);
  } catch {
    return undefined; // a stack without sources is better than an error about an error
  }
}

function mapped(frame: NodeJS.CallSite, url: string, map: SourceMap): string {
  const text = frame.toString();
  const line = frame.getLineNumber();
  const column = frame.getColumnNumber();
  if (line === null || column === null || !text.includes(url)) return text;
  const entry = map.findEntry(line - 1, column - 1);
  if (!('originalSource' in entry)) return text;
  return text.replace(
    `${url}:${line}:${column}`,
    `${entry.originalSource}:${entry.originalLine + 1}:${entry.originalColumn + 1}`,
  );
}

/** The first lines of a stack, as V8 writes them. */
function headerOf(error: Error): string {
  try {
    return Error.prototype.toString.call(error);
  } catch {
    return 'Error'; // a getter of the error itself threw
  }
}
