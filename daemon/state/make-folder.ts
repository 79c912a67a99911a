import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Makes a folder of mode 0700, and those above it, unless they are there. Rejects with the file system's error. Node's own
 * `recursive` tries for ever where making a folder fails with ENOENT though the one above is there, as below /proc.
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (reason) {
    const { code } = reason as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await isFolder(path))) return;
    if (code !== 'ENOENT' || (await isFolder(dirname(path)))) throw reason;
    await makeFolder(dirname(path));
    await makeFolder(path);
  }
}

/** Why a folder cannot be had, in words. */
export function folderObstacle(reason: unknown): string {
  const { code, message } = reason as NodeJS.ErrnoException;
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    case 'EEXIST':
      return 'a file of that name is there';
    case 'ENOTDIR':
      return 'what should be a folder above it is a file';
    case 'EROFS':
      return 'the file system is read-only';
    case 'ENOSPC':
    case 'EDQUOT':
      return 'the disk is full';
    default:
      return message;
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false; // what asked has the error to tell
  }
}
