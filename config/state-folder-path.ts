import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

/** Where a daemon keeps its state unless told: root has /var/lib/weaverd, others the XDG state folder. */
export function defaultStateFolder(env: NodeJS.ProcessEnv, userId: number | undefined): string {
  if (userId === 0) return '/var/lib/weaverd';
  // The XDG specification has relative paths ignored.
  const xdg = env.XDG_STATE_HOME;
  const base = xdg !== undefined && isAbsolute(xdg) ? xdg : join(homedirOf(env), '.local', 'state');
  return join(base, 'weaverd');
}

/** The daemon's configuration file that is read when none is named; it need not be there. */
export function defaultDaemonConfigFile(env: NodeJS.ProcessEnv, userId: number | undefined): string {
  if (userId === 0) return '/etc/weaverd/weaverd.toml';
  const xdg = env.XDG_CONFIG_HOME;
  const base = xdg !== undefined && isAbsolute(xdg) ? xdg : join(homedirOf(env), '.config');
  return join(base, 'weaverd', 'weaverd.toml');
}

/** The state folder that was named on the command line, else by WEAVERD_STATE, else undefined. Absolute. */
export function namedStateFolder(
  flag: string | undefined,
  env: NodeJS.ProcessEnv,
  cwd: string,
): string | undefined {
  const named = flag ?? (env.WEAVERD_STATE === '' ? undefined : env.WEAVERD_STATE);
  return named === undefined ? undefined : resolve(cwd, named);
}

function homedirOf(env: NodeJS.ProcessEnv): string {
  return env.HOME !== undefined && isAbsolute(env.HOME) ? env.HOME : homedir();
}
