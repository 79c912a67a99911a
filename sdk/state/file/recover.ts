import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { StateError } from '../state-error.js';
import { readFully } from './log-file.js';
import { MAGIC, scanRecord } from './record.js';
import { Table } from './table.js';

/** Of a log whose end is not what weaverd wrote. */
export interface Damage {
  /** Where it starts, and how much there is of it, bytes. */
  readonly offset: number;
  readonly bytes: number;
  /** `torn`: a record that was not written to its end, as a crash leaves it; `corrupt`: bytes that changed. */
  readonly kind: 'torn' | 'corrupt';
  /** File that it was moved to. */
  readonly keptAt: string;
}

export interface RecoveredLog {
  readonly handle: FileHandle;
  readonly table: Table;
  /** Bytes of the good prefix, which is all that the file has now. */
  readonly size: number;
  readonly damage: Damage | undefined;
}

const OPEN_OR_CREATE = constants.O_RDWR | constants.O_CREAT;
const WINDOW_BYTES = 16 * 1024 * 1024;

/**
 * Opens the log at `path`, which is made when it is not there, and reads it up to its end or its first damaged record. What is
 * behind that is moved to a file of its own, never deleted. Rejects with CORRUPT when the file is no log at all: then it
 * is left as it is.
 */
export async function recoverLog(path: string): Promise<RecoveredLog> {
  const handle = await open(path, OPEN_OR_CREATE, 0o600);
  try {
    const { size } = await handle.stat();
    const head = await readFully(handle, 0, MAGIC.length);
    if (!MAGIC.subarray(0, head.length).equals(head))
      throw new StateError(
        'CORRUPT',
        `${path} does not begin as a log of states; restore it from a backup, or move it away to begin with nothing`,
      );
    if (head.length < MAGIC.length) {
      // A crash while it was made: nothing was acknowledged yet.
      await handle.write(MAGIC, 0, MAGIC.length, 0);
      await handle.datasync();
      return { handle, table: new Table(), size: MAGIC.length, damage: undefined };
    }
    const { table, end, kind } = await replay(handle, size);
    if (end === size) return { handle, table, size, damage: undefined };
    const damage = {
      offset: end,
      bytes: size - end,
      kind,
      keptAt: `${path}.damaged-${randomBytes(4).toString('hex')}`,
    };
    await moveAway(handle, damage);
    return { handle, table, size: end, damage };
  } catch (reason) {
    await handle.close();
    throw reason;
  }
}

/** The good prefix: where it ends, and why. */
async function replay(
  handle: FileHandle,
  size: number,
): Promise<{ readonly table: Table; readonly end: number; readonly kind: Damage['kind'] }> {
  const table = new Table();
  let offset = MAGIC.length;
  let windowBytes = WINDOW_BYTES;
  while (offset < size) {
    const window = await readFully(handle, offset, Math.min(windowBytes, size - offset));
    let at = 0;
    let needed = 0;
    while (at < window.length && needed === 0) {
      const scanned = scanRecord(window, at);
      if (scanned.kind === 'damaged') return { table, end: offset + at, kind: 'corrupt' };
      if (scanned.kind === 'incomplete') {
        needed = scanned.needed;
        continue;
      }
      try {
        table.apply(scanned.record);
      } catch (reason) {
        if (reason instanceof StateError) return { table, end: offset + at, kind: 'corrupt' };
        throw reason;
      }
      at = scanned.end;
    }
    offset += at;
    if (offset + needed > size) return { table, end: offset, kind: 'torn' };
    windowBytes = Math.max(WINDOW_BYTES, needed);
  }
  return { table, end: offset, kind: 'torn' };
}

async function moveAway(handle: FileHandle, { offset, bytes, keptAt }: Damage): Promise<void> {
  const kept = await open(keptAt, 'wx', 0o600);
  try {
    for (let moved = 0; moved < bytes; ) {
      const part = await readFully(handle, offset + moved, Math.min(WINDOW_BYTES, bytes - moved));
      if (part.length === 0) break;
      await kept.appendFile(part);
      moved += part.length;
    }
    await kept.datasync();
  } finally {
    await kept.close();
  }
  await handle.truncate(offset);
  await handle.datasync();
}
