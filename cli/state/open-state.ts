import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ApiError } from '../../daemon/api/api-error.js';
import type { AppStatus, DaemonStatus } from '../../daemon/api/api-types.js';
import type { ApiClient } from '../../daemon/api/client.js';
import { stateLayout } from '../../daemon/state/state-folder.js';
import { CliError } from '../output/errors.js';
import { EXIT } from '../output/exit-codes.js';
import { expectKnown } from '../session/expect-known.js';
import { withNearestApp } from '../session/nearest-app.js';
import { offlineKeeper } from './offline-keeper.js';
import { type StateKeeper, StateSource } from './state-source.js';

export interface OpenState {
  readonly source: StateSource;
  /** Schemas of the version that is deployed, by state; undefined when no daemon tells. */
  readonly schemas: Readonly<Record<string, string>> | undefined;
  close(): Promise<void>;
}

/**
 * What the component has stored: asked of its replicas, or, when none serves on a host of its own, read from its file.
 * Rejects with a CliError.
 */
export async function openState(
  client: ApiClient,
  component: string,
  app: string | undefined,
): Promise<OpenState> {
  const status = await client.status().catch((reason: unknown) => {
    if (reason instanceof ApiError && reason.code === 'NO_DAEMON') return undefined;
    throw reason;
  });
  if (status === undefined) return openFile(client.stateFolder, component, app, undefined);
  const of = await appOf(client, status, component, app);
  const description = await client.artifact(of.version);
  const schemas = description?.components.find(({ name }) => name === component)?.stateSchemas;
  const keepers = keepersOf(client, of, component);
  if (keepers.length > 0)
    return {
      source: new StateSource({ app: of.app, component }, keepers, isElsewhere),
      schemas,
      close: async () => {},
    };
  if (status.cluster !== undefined || status.sharedState === true)
    throw new CliError(
      EXIT.failure,
      `no replica of ${component} serves, and its state is not on this host's disk`,
      {
        mend: `see \`weaverd status ${of.app}\`; its replicas answer when they serve`,
      },
    );
  return openFile(client.stateFolder, component, of.app, schemas);
}

/** Those that may have keys; of several versions all, since one may still wait for the other's. */
function keepersOf(client: ApiClient, { app, groups }: AppStatus, component: string): readonly StateKeeper[] {
  return groups
    .filter(({ components }) => components.includes(component))
    .flatMap(({ replicas }) => replicas.filter(({ state }) => state === 'serving'))
    .map(({ host, version, replica }) => ({
      name: replica,
      ask: (query) => client.state({ host, app, version, replica, query }),
    }));
}

async function appOf(
  client: ApiClient,
  { apps }: DaemonStatus,
  component: string,
  app: string | undefined,
): Promise<AppStatus> {
  const named = apps.filter((each) => app === undefined || each.app === app);
  const having = named.filter(({ groups }) =>
    groups.some(({ components }) => components.includes(component)),
  );
  // Of one that is stopped the components are not known.
  const found = having.length > 0 ? having : named.filter(({ groups }) => groups.length === 0);
  const [first, other] = found;
  if (first === undefined) {
    await expectKnown(client, app, component).catch(async (reason: unknown) => {
      throw app === undefined ? reason : await withNearestApp(reason, app, client);
    });
    throw new CliError(EXIT.failure, `there is no component ${component}`, { mend: 'see `weaverd status`' });
  }
  if (other !== undefined)
    throw ambiguous(
      component,
      found.map((each) => each.app),
    );
  return first;
}

function openFile(
  stateFolder: string,
  component: string,
  app: string | undefined,
  schemas: Readonly<Record<string, string>> | undefined,
): OpenState {
  const { appStateFolder } = stateLayout(stateFolder);
  const has = (each: string) =>
    existsSync(join(appStateFolder, each, encodeURIComponent(component), 'state.log'));
  const apps = app !== undefined ? [app] : existsSync(appStateFolder) ? readdirSync(appStateFolder) : [];
  const [first, other] = apps.filter(has);
  if (other !== undefined) throw ambiguous(component, apps.filter(has));
  if (first === undefined)
    throw new CliError(
      EXIT.failure,
      `${component} does not run, and nothing is stored of it in ${appStateFolder}`,
      {
        mend: 'name the state folder of its daemon with --state',
      },
    );
  const { keeper, close } = offlineKeeper(join(appStateFolder, first), component);
  return { source: new StateSource({ app: first, component }, [keeper], () => false), schemas, close };
}

function ambiguous(component: string, apps: readonly string[]): CliError {
  return new CliError(EXIT.usage, `several apps may have a component ${component}`, {
    mend: `name one with --app: ${apps.join(', ')}`,
  });
}

/** Another replica has the key, or nobody at this moment. */
export function isElsewhere(reason: unknown): boolean {
  return reason instanceof ApiError && reason.code === 'STALE_OWNER';
}
