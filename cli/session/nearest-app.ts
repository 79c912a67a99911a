import { nearestName } from '../../config/nearest-name.js';
import { ApiError } from '../../daemon/api/api-error.js';
import type { DaemonStatus } from '../../daemon/api/api-types.js';
import { CliError } from '../output/errors.js';
import { EXIT } from '../output/exit-codes.js';

/** To the refusal of an app that the daemon does not know, which one may have been meant; other reasons as they are. */
export async function withNearestApp(
  reason: unknown,
  app: string,
  client: { status(): Promise<DaemonStatus> },
): Promise<unknown> {
  if (!(reason instanceof ApiError) || reason.code !== 'NO_SUCH_APP') return reason;
  const { apps } = await client.status();
  const nearest = nearestName(
    app,
    apps.map((each) => each.app),
  );
  const mend =
    nearest !== undefined
      ? `did you mean \`${nearest}\`?`
      : apps.length === 0
        ? 'nothing is deployed; `weaverd deploy [app]` does that'
        : '`weaverd ps` lists what runs, `weaverd status` all apps';
  return new CliError(EXIT.failure, reason.message, { mend, cause: reason });
}
