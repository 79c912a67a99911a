import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { ProcessIdentity } from '../../sdk/protocol/process-identity.js';

/** What a restarted daemon must know of the ingress that its predecessor started. */
export interface IngressRecord {
  readonly token: string;
  readonly process: ProcessIdentity | undefined;
  /** Ports chosen for port 0, by `app/listener`; the newest last. */
  readonly ports: Readonly<Record<string, number>>;
}

const MAX_PORTS = 1024;

export function newRecord(): IngressRecord {
  return { token: randomBytes(24).toString('base64url'), process: undefined, ports: {} };
}

/** Undefined when there is none, or none that can be read: then a new ingress takes the place of a running one. */
export function readRecord(file: string): IngressRecord | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined; // no file yet, or one cut short by a full disk
  }
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  const { token, process, ports } = parsed as Record<string, unknown>;
  if (typeof token !== 'string' || token.length < 16) return undefined;
  return { token, process: identityFrom(process), ports: portsFrom(ports) };
}

/** Throws when the disk does not take it. */
export function writeRecord(file: string, record: IngressRecord): void {
  writeSecretFile(file, JSON.stringify(record));
}

/** With mode 0600, whole or not at all. */
export function writeSecretFile(file: string, text: string): void {
  const temporary = `${file}.${process.pid}.new`;
  writeFileSync(temporary, text, { mode: 0o600 });
  renameSync(temporary, file);
}

/** The ports with those of `open` listeners, the oldest dropped beyond a bound. */
export function withPorts(
  ports: Readonly<Record<string, number>>,
  open: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const older = Object.entries(ports).filter(([key]) => !Object.hasOwn(open, key));
  return Object.fromEntries([...older, ...Object.entries(open)].slice(-MAX_PORTS));
}

function identityFrom(value: unknown): ProcessIdentity | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { pid, startTime } = value as Record<string, unknown>;
  return typeof pid === 'number' && typeof startTime === 'string' ? { pid, startTime } : undefined;
}

function portsFrom(value: unknown): Record<string, number> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  );
}
