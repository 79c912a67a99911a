import { ARTIFACT_FILES } from '../../sdk/protocol/app-description.js';
import { type Bus, isBusError } from '../bus/bus.js';
import { ArtifactError } from './artifact-error.js';
import type { ArtifactStore } from './artifact-store.js';

/** What the store has of a version, in the bucket `artifacts` under the version. */
interface OfferedArtifact {
  readonly files: readonly { readonly name: string; readonly digest: string }[];
}

/** `app.json` last: it seals the version. */
const FILES_IN_ORDER = [
  ARTIFACT_FILES.bundle,
  ARTIFACT_FILES.sourceMap,
  ARTIFACT_FILES.schemas,
  ARTIFACT_FILES.description,
];

/**
 * Versions on their way between hosts: files as blobs, by digest, and what belongs together in the store. What arrives
 * is verified twice: each blob by its digest, the version by its own.
 */
export class ArtifactExchange {
  readonly #bus: Bus;
  readonly #artifacts: ArtifactStore;

  constructor(bus: Bus, artifacts: ArtifactStore) {
    this.#bus = bus;
    this.#artifacts = artifacts;
  }

  /** Makes a version of this host available to all. Rejects with an ArtifactError or the bus's BusError. */
  async offer(version: string): Promise<void> {
    const store = this.#bus.store('artifacts');
    if ((await store.get(version)) !== undefined) return;
    const files: { name: string; digest: string }[] = [];
    for (const name of FILES_IN_ORDER) {
      const bytes = await this.#artifacts.read(version, name);
      if (bytes !== undefined) files.push({ name, digest: await this.#bus.blobs.put(bytes) });
    }
    if (readOffer({ files }) === undefined)
      throw new ArtifactError('INCOMPLETE', `${version} is not wholly on this host; deploy it again`);
    const offered: OfferedArtifact = { files };
    try {
      await store.create(version, offered);
    } catch (reason) {
      if (!isBusError(reason, 'CONFLICT')) throw reason; // another host was faster
    }
  }

  /** Nothing when the version is here. Rejects with an ArtifactError or the bus's BusError. */
  async fetch(version: string): Promise<void> {
    if ((await this.#artifacts.describe(version)) !== undefined) return;
    const entry = await this.#bus.store('artifacts').get(version);
    const offered = readOffer(entry?.value);
    if (entry === undefined || offered === undefined)
      throw new ArtifactError('NOT_OFFERED', `no host offers the artifact ${version}; deploy it again`);
    for (const { name, digest } of offered.files) {
      const bytes = await this.#intact(version, digest, entry.revision);
      if (bytes === undefined)
        throw new ArtifactError(
          'NOT_OFFERED',
          `${name} of ${version} is not in the object store; deploy it again`,
        );
      await this.#artifacts.upload(version, name, [bytes]);
    }
  }

  /** The offer of what is damaged is withdrawn, so that a host that has the version offers it anew. */
  async #intact(version: string, digest: string, revision: number): Promise<Uint8Array | undefined> {
    try {
      return await this.#bus.blobs.get(digest);
    } catch (reason) {
      if (isBusError(reason, 'CORRUPT')) await this.#bus.store('artifacts').delete(version, revision);
      throw reason;
    }
  }

  /** Of versions that no app needs any more; blobs of other versions are left. */
  async withdraw(version: string): Promise<void> {
    const store = this.#bus.store('artifacts');
    const entry = await store.get(version);
    const offered = readOffer(entry?.value);
    if (entry === undefined) return;
    await store.delete(version, entry.revision);
    for (const { digest } of offered?.files ?? []) await this.#bus.blobs.delete(digest);
  }
}

function readOffer(value: unknown): OfferedArtifact | undefined {
  if (typeof value !== 'object' || value === null || !('files' in value)) return undefined;
  const { files } = value;
  if (!Array.isArray(files)) return undefined;
  const inOrder = FILES_IN_ORDER.flatMap((name) => {
    const found: unknown = files.find((file: unknown) => isFile(file) && file.name === name);
    return isFile(found) ? [found] : [];
  });
  return inOrder.at(-1)?.name === ARTIFACT_FILES.description ? { files: inOrder } : undefined;
}

function isFile(value: unknown): value is OfferedArtifact['files'][number] {
  if (typeof value !== 'object' || value === null || !('name' in value) || !('digest' in value)) return false;
  return typeof value.name === 'string' && typeof value.digest === 'string';
}
