import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ARTIFACT_FILES } from '../sdk/protocol/app-description.js';

export type ArtifactFiles = { readonly [File in keyof typeof ARTIFACT_FILES]: string };

/**
 * Writes the folder `outFolder/version`, whole or not at all. One that is there stays if it has this very content, which its
 * name says that it has; one that was damaged is replaced. Returns its path; rejects with the file system's error.
 */
export async function writeArtifact(
  outFolder: string,
  version: string,
  files: ArtifactFiles,
): Promise<string> {
  const folder = join(outFolder, version);
  if (await isWritten(folder, files)) return folder;
  const temporary = join(outFolder, `.${version}.${randomUUID()}`);
  try {
    await mkdir(temporary, { recursive: true });
    for (const [kind, name] of Object.entries(ARTIFACT_FILES))
      await writeDurably(join(temporary, name), files[kind as keyof ArtifactFiles]);
    await place(temporary, folder, files);
  } catch (reason) {
    await rm(temporary, { recursive: true, force: true });
    throw reason;
  }
  return folder;
}

/** The folder may be there half, or damaged by hand. */
async function place(temporary: string, folder: string, files: ArtifactFiles): Promise<void> {
  try {
    await rename(temporary, folder);
  } catch (reason) {
    if (await isWritten(folder, files)) {
      // Another build of the same version was first.
      await rm(temporary, { recursive: true, force: true });
      return;
    }
    if (!isOccupied(reason)) throw reason;
    await rm(folder, { recursive: true, force: true });
    await rename(temporary, folder);
  }
}

async function isWritten(folder: string, files: ArtifactFiles): Promise<boolean> {
  try {
    for (const [kind, name] of Object.entries(ARTIFACT_FILES))
      if ((await readFile(join(folder, name), 'utf8')) !== files[kind as keyof ArtifactFiles]) return false;
    return true;
  } catch {
    return false; // a file is missing or cannot be read: the folder is written anew, and that tells of any trouble
  }
}

async function writeDurably(path: string, content: string): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

function isOccupied(reason: unknown): boolean {
  const code = reason instanceof Error && 'code' in reason ? reason.code : undefined;
  return code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'ENOTDIR';
}
