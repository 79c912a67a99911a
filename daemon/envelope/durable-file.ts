import { open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { renameOver } from '../state/rename-over.js';

/**
 * Replaces the file (mode 0600) so that after any crash it holds the old or the new content, wholly. Once resolved, the
 * new content survives a power cut. Rejects with an error that names the file, caused by the system's, such as ENOSPC;
 * then the old content stands.
 */
export async function writeDurably(path: string, content: string): Promise<void> {
  const temporary = `${path}.new`;
  try {
    const file = await open(temporary, 'w', 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await renameOver(temporary, path);
  } catch (reason) {
    // The failure to write is what the caller must hear of, not one to tidy up after it.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw new Error(`cannot write ${path}: ${reason instanceof Error ? reason.message : String(reason)}`, {
      cause: reason,
    });
  }
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
