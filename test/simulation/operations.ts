import type { AppRecord } from '../../daemon/manager/app-record.js';
import { isTombstone } from '../../daemon/memory/memory-entry.js';
import { describeApp, manifestOf } from './sample-app.js';
import type { SimDaemon } from './sim-daemon.js';

interface Operation {
  readonly number: number;
  readonly kind: 'deploy' | 'stop' | 'remove';
  readonly app: string;
  readonly version: string;
  /** Whose daemon was asked. */
  readonly host: string;
  /** `unknown`: it was refused, or never answered; it may have been done. */
  state: 'pending' | 'acknowledged' | 'unknown';
}

/** What users asked for, and what they were told; of one app one thing at a time. */
export class Operations {
  readonly #operations: Operation[] = [];

  get acknowledged(): number {
    return this.#operations.filter(({ state }) => state === 'acknowledged').length;
  }

  deploy(daemon: SimDaemon, host: string, app: string, replicas: number, again: boolean): void {
    const { manager } = daemon.plane ?? {};
    if (manager === undefined) return;
    const last = this.#operations.findLast((each) => each.app === app && each.kind === 'deploy');
    const number = this.#operations.length + 1;
    const version = again && last !== undefined ? last.version : `v${number}`;
    this.#begin({ number, kind: 'deploy', app, version, host, state: 'pending' }, daemon, () =>
      manager.deploy(describeApp(app, version), manifestOf(number, replicas), 'simulation'),
    );
  }

  stop(daemon: SimDaemon, host: string, app: string, remove: boolean): void {
    const { manager } = daemon.plane ?? {};
    if (manager === undefined) return;
    const number = this.#operations.length + 1;
    const kind = remove ? 'remove' : 'stop';
    this.#begin({ number, kind, app, version: '', host, state: 'pending' }, daemon, () =>
      manager.stopApp(app, remove, 'simulation'),
    );
  }

  /** The process that would have answered is no more. */
  abandon(host: string): void {
    for (const operation of this.#operations)
      if (operation.host === host && operation.state === 'pending') operation.state = 'unknown';
  }

  /** Apps whose newest acknowledged operation the records do not show, nor one that came after it; in words. */
  lost(
    records: ReadonlyMap<string, unknown>,
    canHaveForgotten: (host: string) => boolean,
  ): readonly string[] {
    const apps = [...new Set(this.#operations.map(({ app }) => app))];
    return apps.flatMap((app) => {
      const of = this.#operations.filter((operation) => operation.app === app);
      const newest = of.findLast(({ state }) => state === 'acknowledged');
      if (newest === undefined || canHaveForgotten(newest.host)) return [];
      const since = of.slice(of.indexOf(newest));
      const record = records.get(app);
      if (since.some((operation) => shows(record, operation))) return [];
      return [
        `${app}: ${newest.kind} ${newest.version} (operation ${newest.number}) was acknowledged by ${newest.host}, and the store has ${inWords(record)}`,
      ];
    });
  }

  #begin(operation: Operation, daemon: SimDaemon, run: () => Promise<unknown>): void {
    if (!daemon.process.isRunning) return;
    if (this.#operations.some(({ app, state }) => app === operation.app && state === 'pending')) return;
    this.#operations.push(operation);
    const settle = (state: Operation['state']) => {
      if (operation.state === 'pending') operation.state = state;
    };
    run().then(
      () => settle('acknowledged'),
      () => settle('unknown'),
    );
  }
}

function shows(value: unknown, { kind, number }: Operation): boolean {
  const isGone = value === undefined || isTombstone(value);
  if (isGone) return kind === 'remove';
  const { state, current } = value as AppRecord;
  if (kind === 'deploy') return state === 'running' && current.manifest.env.OPERATION === String(number);
  return kind === 'stop' ? state === 'stopped' : state === 'removed';
}

function inWords(value: unknown): string {
  if (value === undefined) return 'nothing of it';
  if (isTombstone(value)) return 'that it was removed';
  const { state, current } = value as AppRecord;
  return `${current.version} ${state} (operation ${current.manifest.env.OPERATION})`;
}
