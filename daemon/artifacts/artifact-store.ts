import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type AppDescription, ARTIFACT_FILES, artifactVersion } from '../../sdk/protocol/app-description.js';
import { ArtifactError, storageFailure } from './artifact-error.js';

const MIB = 1024 * 1024;
const MAX_BYTES: Readonly<Record<string, number>> = {
  [ARTIFACT_FILES.bundle]: 64 * MIB,
  [ARTIFACT_FILES.sourceMap]: 128 * MIB,
  [ARTIFACT_FILES.schemas]: 16 * MIB,
  [ARTIFACT_FILES.description]: MIB / 2,
};
const VERSION_PATTERN = /^[0-9a-f]{16}$/;
const STAGING = 'staging-';
/** What is not in use (yet) is left for so long: an upload may be under way, a deployment about to come. */
const MIN_AGE_MS = 600_000;

/**
 * Built versions by digest: `<folder>/<version>/`, each sealed, and never changed from then on. A version is uploaded
 * file by file into `<folder>/staging-<version>/`; `app.json`, the last, seals it if the digest is right.
 */
export class ArtifactStore {
  readonly #folder: string;
  readonly #sealing = new Map<string, Promise<void>>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Path of a sealed version's bundle. */
  bundlePath(version: string): string {
    return join(this.#folder, requireVersion(version), ARTIFACT_FILES.bundle);
  }

  /** One file of a sealed version; undefined when it has none of that name. Rejects with ArtifactError. */
  async read(version: string, file: string): Promise<Uint8Array | undefined> {
    const path = join(this.#folder, requireVersion(version), file);
    try {
      return await readFile(path);
    } catch (reason) {
      if ((reason as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw storageFailure(path, reason);
    }
  }

  /** Undefined when the version is not here, wholly: one whose bytes are no longer those of its digest is not either. */
  async describe(version: string): Promise<AppDescription | undefined> {
    const folder = join(this.#folder, requireVersion(version));
    try {
      return await readVerified(folder, version);
    } catch (reason) {
      if (reason instanceof ArtifactError) return undefined; // damaged: it is to be uploaded again
      if ((reason as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw storageFailure(folder, reason);
    }
  }

  /** Takes one file of a version; of one that is sealed already it is read and forgotten. Rejects with ArtifactError. */
  async upload(
    version: string,
    file: string,
    content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  ): Promise<void> {
    requireVersion(version);
    const maxBytes = Object.hasOwn(MAX_BYTES, file) ? MAX_BYTES[file] : undefined;
    if (maxBytes === undefined)
      throw new ArtifactError(
        'INVALID_NAME',
        `"${file}" is no file of an artifact; those are ${Object.keys(MAX_BYTES).join(', ')}`,
      );
    const staging = join(this.#folder, STAGING + version);
    const part = join(staging, `${file}.part-${randomUUID()}`);
    try {
      await mkdir(staging, { recursive: true, mode: 0o700 });
      await writeBounded(part, content, maxBytes);
      await rename(part, join(staging, file));
    } catch (reason) {
      await unlink(part).catch(() => undefined); // it may not have been made; the first reason is the one to tell
      throw storageFailure(join(staging, file), reason);
    }
    if (file === ARTIFACT_FILES.description) await this.#seal(version, staging);
  }

  /** Removes the versions that are not named, and uploads that were left off, unless they are new. Returns which. */
  async removeAllBut(versions: ReadonlySet<string>, now: number): Promise<readonly string[]> {
    const removed: string[] = [];
    for (const name of await this.#names()) {
      const path = join(this.#folder, name);
      const isOurs = VERSION_PATTERN.test(name) || name.startsWith(STAGING);
      if (!isOurs || versions.has(name) || now - (await modifiedAt(path)) < MIN_AGE_MS) continue;
      await rm(path, { recursive: true, force: true });
      removed.push(name);
    }
    return removed;
  }

  async #seal(version: string, staging: string): Promise<void> {
    const running = this.#sealing.get(version);
    if (running !== undefined) return running;
    const sealing = this.#verifyAndMove(version, staging).finally(() => this.#sealing.delete(version));
    this.#sealing.set(version, sealing);
    return sealing;
  }

  async #verifyAndMove(version: string, staging: string): Promise<void> {
    await readVerified(staging, version);
    const sealed = join(this.#folder, version);
    try {
      await this.#place(version, staging, sealed);
      await syncFolder(this.#folder);
    } catch (reason) {
      throw storageFailure(sealed, reason);
    }
  }

  async #place(version: string, staging: string, sealed: string): Promise<void> {
    try {
      return await rename(staging, sealed);
    } catch (reason) {
      const code = (reason as NodeJS.ErrnoException).code;
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw reason;
    }
    const isHere = (await this.describe(version)) !== undefined;
    const surplus = isHere ? staging : `${staging}-damaged`;
    if (!isHere) {
      await rename(sealed, surplus);
      await rename(staging, sealed);
    }
    await rm(surplus, { recursive: true, force: true });
  }

  async #names(): Promise<readonly string[]> {
    try {
      return await readdir(this.#folder);
    } catch (reason) {
      if ((reason as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw reason;
    }
  }
}

export function isVersion(text: string): boolean {
  return VERSION_PATTERN.test(text);
}

function requireVersion(version: string): string {
  if (!isVersion(version))
    throw new ArtifactError('INVALID_NAME', `"${version}" is no version: those are 16 hex digits`);
  return version;
}

/** The description of the version in the folder. Rejects with an ArtifactError when what is there is not that version. */
async function readVerified(folder: string, version: string): Promise<AppDescription> {
  const description = await parseDescription(
    await readFile(join(folder, ARTIFACT_FILES.description), 'utf8'),
  );
  const bundle = await readFile(join(folder, ARTIFACT_FILES.bundle)).catch((reason: unknown) => {
    throw new ArtifactError(
      'INCOMPLETE',
      `${version}: ${ARTIFACT_FILES.bundle} was not uploaded before ${ARTIFACT_FILES.description}`,
      { cause: reason },
    );
  });
  const digest = artifactVersion(bundle, description);
  if (digest === version && description.version === version) return description;
  throw new ArtifactError(
    'DIGEST_MISMATCH',
    `the artifact uploaded as ${version} is ${digest}, and app.json says ${description.version}; build and deploy it again`,
  );
}

/** Loads the validator when it is needed first, since a daemon at rest does without. */
async function parseDescription(json: string): Promise<AppDescription> {
  const { readAppDescription } = await import('./app-description-schema.js');
  const reading = readAppDescription(json);
  if (reading.kind === 'refused') throw new ArtifactError('INVALID_DESCRIPTION', reading.problem);
  return reading.description;
}

/** To disk, wholly. */
async function writeBounded(
  path: string,
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  maxBytes: number,
): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    let bytes = 0;
    for await (const chunk of content) {
      bytes += chunk.length;
      if (bytes > maxBytes)
        throw new ArtifactError(
          'TOO_LARGE',
          `${path} is larger than ${maxBytes} bytes, the most that is accepted`,
        );
      await file.appendFile(chunk);
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

async function modifiedAt(path: string): Promise<number> {
  return (await stat(path)).mtimeMs;
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
