import type { LogLine } from '../api/api-types.js';

/** Of the message, and of the fields as JSON, characters. */
const MAX_CHARACTERS = 32 * 1024;

/** The line as it is kept, cut to its bound, and its JSON. */
export function storedLogLine(line: LogLine): { readonly line: LogLine; readonly json: string } {
  const json = JSON.stringify(line);
  if (json.length <= MAX_CHARACTERS) return { line, json };
  const fields = JSON.stringify(line.fields);
  const cut: LogLine = {
    ...line,
    message:
      line.message.length > MAX_CHARACTERS ? `${line.message.slice(0, MAX_CHARACTERS)}… (cut)` : line.message,
    fields:
      fields.length > MAX_CHARACTERS
        ? { cut: `${fields.length} characters of fields are left out` }
        : line.fields,
  };
  return { line: cut, json: JSON.stringify(cut) };
}

/** Undefined when it is none, such as a line that was cut off. */
export function parseLogLine(json: string): LogLine | undefined {
  if (json === '') return undefined;
  let line: unknown;
  try {
    line = JSON.parse(json);
  } catch {
    return undefined; // cut off by a crash or a full disk
  }
  return isLogLine(line) ? line : undefined;
}

function isLogLine(value: unknown): value is LogLine {
  if (typeof value !== 'object' || value === null) return false;
  const line = value as Record<string, unknown>;
  return (
    ['sequence', 'time', 'level'].every((name) => Number.isFinite(line[name])) &&
    ['app', 'version', 'replica', 'component', 'message'].every((name) => typeof line[name] === 'string') &&
    ['log', 'stdout', 'stderr'].includes(String(line.source)) &&
    typeof line.fields === 'object' &&
    line.fields !== null
  );
}
