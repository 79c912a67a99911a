import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AppManifest } from '../../config/app-manifest.js';
import type { DeployReply, StateCheck } from '../../daemon/api/api-types.js';
import type { ApiClient } from '../../daemon/api/client.js';
import { ARTIFACT_FILES } from '../../sdk/protocol/app-description.js';

/** In the order of upload: the description is the last, and seals the version. */
const UPLOADED = [
  ARTIFACT_FILES.bundle,
  ARTIFACT_FILES.sourceMap,
  ARTIFACT_FILES.schemas,
  ARTIFACT_FILES.description,
] as const;

/** What of the daemon's API it needs. */
export type ArtifactTarget = Pick<ApiClient, 'artifact' | 'uploadArtifactFile' | 'deploy'>;

/** Uploads a built version unless the daemon has it, and deploys it. `uploading` is told each file. */
export async function deployArtifact(
  client: ArtifactTarget,
  artifact: {
    readonly version: string;
    readonly folder: string;
    readonly manifest: AppManifest;
    readonly stateCheck?: StateCheck | undefined;
  },
  uploading: (file: string) => void,
): Promise<DeployReply> {
  const { version, folder, manifest, stateCheck } = artifact;
  if ((await client.artifact(version)) === undefined) {
    for (const file of UPLOADED) {
      uploading(file);
      await client.uploadArtifactFile(version, file, await readFile(join(folder, file)));
    }
  }
  return client.deploy({ version, manifest, ...(stateCheck === undefined ? {} : { stateCheck }) });
}
