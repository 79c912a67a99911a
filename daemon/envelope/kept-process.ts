import type { ProcessIdentity } from '../../sdk/protocol/process-identity.js';
import type { Clock } from '../processes/clock.js';
import type { ProcessExit, SpawnedProcess } from '../processes/process-spawner.js';
import { watchForEnd } from '../processes/process-watch.js';
import { signalProcess, signalProcessGroup } from '../processes/signal-process.js';

/** A proclet's process: one we started, whose end the system tells, or an adopted one, whose end must be looked for. */
export class KeptProcess {
  readonly identity: ProcessIdentity;
  readonly #clock: Clock;
  /** Undefined for one we started. */
  readonly #lookedFor: (() => void) | undefined;
  #unwatch: (() => void) | undefined;

  private constructor(identity: ProcessIdentity, clock: Clock, lookedFor: (() => void) | undefined) {
    this.identity = identity;
    this.#clock = clock;
    this.#lookedFor = lookedFor;
  }

  static own(process: SpawnedProcess, clock: Clock, ended: (exit: ProcessExit) => void): KeptProcess {
    void process.exited.then(ended);
    return new KeptProcess(process.identity, clock, undefined);
  }

  static adopted(identity: ProcessIdentity, clock: Clock, ended: () => void): KeptProcess {
    return new KeptProcess(identity, clock, ended);
  }

  /** Looks for its end from now on: its control connection, which told that it lives, is not there. */
  watch(): void {
    const ended = this.#lookedFor;
    if (ended === undefined || this.#unwatch !== undefined) return;
    this.#unwatch = watchForEnd(this.identity, this.#clock, ended);
  }

  unwatch(): void {
    this.#unwatch?.();
    this.#unwatch = undefined;
  }

  /** SIGKILL goes to all that it started, too. One that has gone already is reported as ended, as ever. */
  signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    if (signal === 'SIGKILL') signalProcessGroup(this.identity, signal);
    else signalProcess(this.identity, signal);
    this.watch();
  }
}
