import type { AppManifest } from '../../config/app-manifest.js';
import type { AppDescription } from '../../sdk/protocol/app-description.js';
import type { StoredSchemas } from './state-schemas.js';

/** One version of an app as it was deployed: all that placing it needs. */
export interface Deployment {
  readonly version: string;
  readonly manifest: AppManifest;
  readonly description: AppDescription;
  readonly deployedAt: number;
}

/** What is wanted of an app: one value in the store. */
export interface AppRecord {
  readonly app: string;
  /** `removed`: to be forgotten when nothing of it runs. */
  readonly state: 'running' | 'stopped' | 'removed';
  readonly current: Deployment;
  /** The version to which the ingress leads; undefined until a first one served. */
  readonly serving: string | undefined;
  /** Versions before, of which something may still run: the serving one, and those to be retired. */
  readonly older: readonly Deployment[];
  /** In which values of its states may be stored. Absent from older records. */
  readonly stateSchemas?: StoredSchemas | undefined;
}

/** More versions than that are refused until some have gone. */
export const MAX_OLDER = 8;

/** Undefined when that is what is wanted already. */
export function deployed(record: AppRecord | undefined, deployment: Deployment): AppRecord | undefined {
  const app = deployment.description.app;
  if (record === undefined)
    return { app, state: 'running', current: deployment, serving: undefined, older: [] };
  const isSameVersion = record.current.version === deployment.version;
  if (record.state === 'running' && isSameVersion && sameManifest(record.current, deployment))
    return undefined;
  const before = isSameVersion ? [] : [record.current];
  return {
    app,
    state: 'running',
    current: deployment,
    // What stopped serves no more, even if its last replicas still drain.
    serving: record.state === 'running' ? record.serving : undefined,
    older: [...before, ...record.older.filter(({ version }) => version !== deployment.version)],
  };
}

export function stopped(record: AppRecord, remove: boolean): AppRecord {
  return { ...record, state: remove ? 'removed' : 'stopped', serving: undefined };
}

/** The ingress leads to that version from now on. */
export function shifted(record: AppRecord, version: string): AppRecord {
  return record.state === 'running' && record.current.version === version && record.serving !== version
    ? { ...record, serving: version }
    : record;
}

/** Nothing of those older versions runs any more. */
export function forgotten(record: AppRecord, versions: readonly string[]): AppRecord {
  const older = record.older.filter(({ version }) => !versions.includes(version));
  return older.length === record.older.length ? record : { ...record, older };
}

export function isWanted(record: AppRecord, version: string): boolean {
  return record.state === 'running' && (version === record.current.version || version === record.serving);
}

function sameManifest(a: Deployment, b: Deployment): boolean {
  return JSON.stringify(a.manifest) === JSON.stringify(b.manifest);
}
