import { open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Writer } from '../../codec/writer.js';
import { LogFile } from './log-file.js';
import { type LogRecord, MAGIC, MAX_RECORD_BYTES, writeRecord } from './record.js';

const COMPACT_FROM_BYTES = 4 * 1024 * 1024;
const CHUNK_BYTES = 1024 * 1024;
/** What is left to copy when writers are made to wait, at most. */
const LAST_BYTES = 1024 * 1024;
/** Writers that are faster than the copying would keep it going for ever. */
const MAX_ROUNDS = 16;

/** A log is rewritten when more than half of it says what no longer holds. */
export function isWorthCompacting(logBytes: number, liveBytes: number, from = COMPACT_FROM_BYTES): boolean {
  return logBytes > from && logBytes > 2 * liveBytes;
}

/** Name of the log that is being made. One that is there at the start was not finished. */
export function unfinishedLog(path: string): string {
  return `${path}.new`;
}

export interface Rewriting {
  /** Runs `act` while nothing is appended to the log. */
  readonly pause: (act: () => Promise<void>) => Promise<void>;
  /** The new log has the old one's name and is on disk; the old one is closed after this. */
  readonly replace: (log: LogFile) => void;
  /** Looked at between chunks: with true it rejects. */
  readonly isCancelled: () => boolean;
}

/**
 * Writes the snapshot to a new file, then what was appended to `old` since, and puts it in the place of `old`, all of it synced
 * before. Call it in the turn in which the snapshot was taken, when all of `old` is in it. Rejects when a file operation fails;
 * then `old` is as it was.
 */
export async function rewriteLog(
  old: LogFile,
  snapshot: Iterable<LogRecord>,
  { pause, replace, isCancelled }: Rewriting,
): Promise<void> {
  let copied = old.size;
  const path = unfinishedLog(old.path);
  const handle = await open(path, 'w+', 0o600);
  const fresh = new LogFile(old.path, handle, 0);
  try {
    await fresh.append(MAGIC);
    for (const chunk of chunks(snapshot)) {
      if (isCancelled()) throw new Error('the state is being closed');
      await fresh.append(chunk);
    }
    const copyTo = async (end: number): Promise<void> => {
      while (copied < end) {
        const bytes = await old.read(copied, Math.min(CHUNK_BYTES, end - copied));
        if (bytes.length === 0) throw new Error(`${old.path} is shorter than it was`);
        await fresh.append(bytes);
        copied += bytes.length;
      }
    };
    for (let round = 0; round < MAX_ROUNDS && old.size - copied > LAST_BYTES; round++) await copyTo(old.size);
    await fresh.sync();
    await pause(async () => {
      await copyTo(old.size);
      await fresh.sync();
      await rename(path, old.path);
      await syncFolder(dirname(path));
      replace(fresh);
    });
  } catch (reason) {
    await handle.close();
    await unlink(path).catch(() => undefined); // the failure before says more
    throw reason;
  }
  await old.close();
}

/** Makes names in the folder as durable as what they name. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Each is to be used before the next is asked for. */
function* chunks(records: Iterable<LogRecord>): Iterable<Buffer> {
  const writer = new Writer(CHUNK_BYTES + MAX_RECORD_BYTES, CHUNK_BYTES);
  for (const record of records) {
    writeRecord(writer, record);
    if (writer.position < CHUNK_BYTES) continue;
    yield writer.bytes.subarray(0, writer.position);
    writer.position = 0;
  }
  if (writer.position > 0) yield writer.bytes.subarray(0, writer.position);
}
