import type { ServerResponse } from 'node:http';

/** An answer of JSON lines: what there is, then, when followed, what comes. */
export interface Lines {
  readonly kind: 'lines';
  readonly lines: readonly unknown[];
  /** Undefined when only what there is was asked for. Returns how to end it. */
  readonly follow: ((listener: (line: unknown) => void) => () => void) | undefined;
}

/** Bytes a follower may be behind; a slower one is cut off, so that it costs the daemon nothing. */
const MAX_BEHIND_BYTES = 4 * 1024 * 1024;

export function follow(response: ServerResponse, { lines, follow }: Lines): void {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  response.write(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  if (follow === undefined) {
    response.end();
    return;
  }
  response.flushHeaders();
  const end = follow((line) => {
    if (response.writableLength <= MAX_BEHIND_BYTES) {
      response.write(`${JSON.stringify(line)}\n`);
      return;
    }
    end();
    response.end(`${JSON.stringify({ cut: 'the reader is too slow; ask again with since' })}\n`);
  });
  response.once('close', end);
}
