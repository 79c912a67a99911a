import { existsSync } from 'node:fs';
import {
  defaultDaemonConfigFile,
  defaultStateFolder,
  namedStateFolder,
} from '../../config/state-folder-path.js';
import type { CliEnvironment } from '../environment.js';

/**
 * The state folder of the daemon that a command means: `--state`, else WEAVERD_STATE, else what the daemon's default
 * configuration file says, else the default. The file is read only if it exists, since that takes its time.
 */
export async function resolveStateFolder(flag: string | undefined, cli: CliEnvironment): Promise<string> {
  const { cwd, env, userId } = cli;
  const named = namedStateFolder(flag, env, cwd);
  if (named !== undefined) return named;
  if (!existsSync(defaultDaemonConfigFile(env, userId))) return defaultStateFolder(env, userId);
  const { loadDaemonConfig } = await import('../../config/daemon-config.js');
  return (await loadDaemonConfig({ file: undefined, stateFolder: undefined, env, cwd, userId })).stateFolder;
}

/** Where `weaverd run` keeps the state of an app, unless told. */
export function runStateFolder(appFolder: string): string {
  return `${appFolder}/.weaver/state`;
}
