import { MAIN } from '../../sdk/protocol/app-description.js';
import type { Failed, Logs } from '../../sdk/protocol/control.js';
import type { LogLine } from '../api/api-types.js';
import type { OutputFolder } from '../logs/output-folder.js';
import type { Clock } from '../processes/clock.js';
import type { ReplicaSpec } from './replica-host.js';
import { replicaId } from './replica-record.js';

export interface ProcletOutputOptions {
  readonly spec: Pick<ReplicaSpec, 'app' | 'version' | 'replica' | 'hosting'>;
  readonly folder: OutputFolder;
  readonly clock: Clock;
  readonly onLog: (line: Omit<LogLine, 'sequence'>) => void;
}

const INFO = 30;
const WARN = 40;
const ERROR = 50;
const STDERR_LINES_KEPT = 40;

/** All that a replica says, over its generations: its two standard streams, each in a file, and its log. */
export class ProcletOutput {
  readonly #options: ProcletOutputOptions;
  readonly #stdout: string;
  readonly #stderr: string;
  /** Whose lines those are that do not say: the only one here, or unknown. */
  readonly #soleComponent: string;
  #lastErrors: string[] = [];

  constructor(options: ProcletOutputOptions) {
    this.#options = options;
    this.#soleComponent = soleComponent(options.spec.hosting);
    const name = `${options.spec.replica.replaceAll(/[^\w.-]/g, '_').slice(0, 80)}-${replicaId(options.spec)}`;
    this.#stdout = `${name}.out`;
    this.#stderr = `${name}.err`;
    options.folder.follow(this.#stdout, (line) => this.#say('stdout', INFO, line));
    options.folder.follow(this.#stderr, (line) => {
      this.#lastErrors.push(line);
      if (this.#lastErrors.length > STDERR_LINES_KEPT) this.#lastErrors.shift();
      this.#say('stderr', ERROR, line);
    });
  }

  get paths(): { readonly stdout: string; readonly stderr: string } {
    const { folder } = this.#options;
    return { stdout: folder.path(this.#stdout), stderr: folder.path(this.#stderr) };
  }

  logged(logs: Logs): void {
    const { app, version, replica } = this.#options.spec;
    for (const entry of logs.entries) this.#options.onLog({ ...entry, app, version, replica, source: 'log' });
    if (logs.dropped > 0)
      this.#say('log', WARN, `${logs.dropped} log lines were dropped: written faster than sent`);
  }

  failed(failed: Failed): void {
    const message = failed.stack ?? failed.message;
    this.#say('log', ERROR, message, failed.component);
  }

  /** The process has ended. Delivers the rest; returns the last lines of its stderr, oldest first. */
  finish(): readonly string[] {
    this.#options.folder.finish(this.#stdout);
    this.#options.folder.finish(this.#stderr);
    const last = this.#lastErrors;
    this.#lastErrors = [];
    return last;
  }

  /** The replica will not run again. */
  remove(): void {
    this.#options.folder.remove(this.#stdout);
    this.#options.folder.remove(this.#stderr);
  }

  #say(source: LogLine['source'], level: number, message: string, component = this.#soleComponent): void {
    const { app, version, replica } = this.#options.spec;
    const time = this.#options.clock.now();
    this.#options.onLog({ time, level, component, message, fields: {}, app, version, replica, source });
  }
}

function soleComponent({ components, main }: ReplicaSpec['hosting']): string {
  const hosted = [...components.map(({ name }) => name), ...(main ? [MAIN] : [])];
  return hosted.length === 1 ? (hosted[0] ?? '') : '';
}
