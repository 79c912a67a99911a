import type { ProcessCommand } from '../processes/process-spawner.js';
import { procletEnvironment } from './proclet-environment.js';
import type { ReplicaSpec } from './replica-host.js';

export interface ProcletPlace {
  /** Its working folder, where its spec file is or will be. */
  readonly folder: string;
  readonly specFile: string;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a proclet is started, whether for a replica at once or to wait for one. */
export function procletCommand(
  spec: Pick<ReplicaSpec, 'bundle' | 'env' | 'memoryMiB'>,
  { folder, specFile, stdout, stderr }: ProcletPlace,
  daemonEnvironment: Readonly<Record<string, string | undefined>>,
): ProcessCommand {
  const heap = spec.memoryMiB === undefined ? [] : [`--max-old-space-size=${spec.memoryMiB}`];
  return {
    file: process.execPath,
    args: [...heap, spec.bundle],
    cwd: folder,
    env: procletEnvironment(daemonEnvironment, spec.env, specFile),
    stdout,
    stderr,
  };
}
