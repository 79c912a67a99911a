import type { DestinationStream } from 'pino';

const NAMES: Readonly<Record<number, string>> = {
  10: 'TRACE',
  20: 'DEBUG',
  30: 'INFO',
  40: 'WARN',
  50: 'ERROR',
  60: 'FATAL',
};

/** Where a program that runs as one process logs: readable lines on a terminal, pino's JSON lines elsewhere. */
export function consoleDestination(stream: NodeJS.WriteStream): DestinationStream {
  if (!stream.isTTY) return stream;
  return { write: (line) => void stream.write(`${readableLine(line)}\n`) };
}

/** One of pino's JSON lines as `12:00:01.123 INFO Cart message {"field":1}`. */
export function readableLine(line: string): string {
  const { time, level, component, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const clock = new Date(Number(time)).toISOString().slice(11, 23);
  const rest = Object.keys(fields).length === 0 ? '' : ` ${JSON.stringify(fields)}`;
  return `${clock} ${NAMES[Number(level)] ?? String(level)} ${String(component ?? '')} ${String(msg ?? '')}${rest}`;
}
