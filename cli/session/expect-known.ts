import { nearestName } from '../../config/nearest-name.js';
import type { AppStatus, DaemonStatus } from '../../daemon/api/api-types.js';
import { MAIN } from '../../sdk/protocol/app-description.js';
import { CliError } from '../output/errors.js';
import { EXIT } from '../output/exit-codes.js';

/** What logs beside the components: `main`, and the runtime in a process. */
const OTHERS = [MAIN, 'weaverd'];

/**
 * Rejects when there is no such app, of all that the daemon knows, or no such component in it, or in any. Of an app that is
 * stopped the components are not known: then any may be.
 */
export async function expectKnown(
  client: { status(): Promise<DaemonStatus>; app(name: string): Promise<AppStatus> },
  app: string | undefined,
  component: string | undefined,
): Promise<void> {
  const apps = app === undefined ? (await client.status()).apps : [await client.app(app)];
  if (component === undefined || OTHERS.includes(component)) return;
  if (apps.some(({ groups }) => groups.length === 0)) return;
  const components = apps.flatMap(({ groups }) => groups.flatMap((group) => group.components));
  if (components.includes(component)) return;
  const nearest = nearestName(component, components);
  throw new CliError(
    EXIT.failure,
    `there is no component ${component}${app === undefined ? '' : ` in ${app}`}`,
    {
      mend:
        nearest !== undefined
          ? `did you mean \`${nearest}\`?`
          : components.length === 0
            ? 'nothing is deployed; `weaverd deploy [app]` does that'
            : `there are ${[...new Set(components)].sort().join(', ')}, ${MAIN}`,
    },
  );
}
