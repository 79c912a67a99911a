import { type ComponentDescription, isOwned } from '../../../sdk/protocol/app-description.js';
import type { AppRecord, Deployment } from '../app-record.js';

/** Undefined when the version has no such component, or its keys have no owners. */
export function ownedIn({ description }: Deployment, component: string): ComponentDescription | undefined {
  const found = description.components.find(({ name }) => name === component);
  return found !== undefined && isOwned(found) ? found : undefined;
}

/** Names of the components whose keys have owners in any version of the app. */
export function ownedComponents({ current, older }: AppRecord): readonly string[] {
  const names = [current, ...older].flatMap(({ description }) =>
    description.components.filter(isOwned).map(({ name }) => name),
  );
  return [...new Set(names)].sort();
}

/**
 * The version whose replicas are to have the keys: the one that serves, or before any did the newest. Undefined when the app is
 * stopped: who has keys keeps them until it ends.
 */
export function owningVersion(record: AppRecord, component: string): Deployment | undefined {
  if (record.state !== 'running') return undefined;
  const serving = [record.current, ...record.older].find(({ version }) => version === record.serving);
  return [serving, record.current].find(
    (each) => each !== undefined && ownedIn(each, component) !== undefined,
  );
}
