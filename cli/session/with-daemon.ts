import { existsSync } from 'node:fs';
import { ApiError } from '../../daemon/api/api-error.js';
import { ApiClient } from '../../daemon/api/client.js';
import type { CliEnvironment } from '../environment.js';
import { CliError } from '../output/errors.js';
import { EXIT } from '../output/exit-codes.js';
import { resolveStateFolder, runStateFolder } from './state-folder.js';

/** Does something with the daemon that `--state` means, and lets go of it. */
export async function withDaemon<T>(
  cli: CliEnvironment,
  options: { readonly state?: string | undefined },
  use: (client: ApiClient) => Promise<T>,
): Promise<T> {
  const client = new ApiClient(await resolveStateFolder(options.state, cli));
  try {
    return await use(client);
  } catch (reason) {
    throw withRunHint(reason, client, cli);
  } finally {
    client.close();
  }
}

/** Someone who has `weaverd run` open in this folder most likely means that daemon. */
function withRunHint(reason: unknown, client: ApiClient, cli: CliEnvironment): unknown {
  const local = runStateFolder(cli.cwd);
  const isHere = client.stateFolder !== local && existsSync(local);
  if (!(reason instanceof ApiError) || reason.code !== 'NO_DAEMON' || !isHere) return reason;
  return new CliError(EXIT.noDaemon, reason.message, {
    mend: '`weaverd run` in this folder has its own: add --state .weaver/state; or start one with `weaverd start`',
    cause: reason,
  });
}
