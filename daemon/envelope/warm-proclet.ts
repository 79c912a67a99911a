import { WARM_CLAIMED, WARM_READY } from '../../sdk/protocol/warm-proclet.js';
import type { Clock } from '../processes/clock.js';
import type { SpawnedProcess } from '../processes/process-spawner.js';
import { signalProcessGroup } from '../processes/signal-process.js';

export interface WarmFiles {
  readonly folder: string;
  /** Names in the output folder. */
  readonly stdout: string;
  readonly stderr: string;
}

const MAX_ANSWER = 256;

/** A process that imports an app and waits to be told which replica it is. */
export class WarmProclet {
  readonly process: SpawnedProcess;
  readonly files: WarmFiles;
  readonly #clock: Clock;
  #said = '';
  #over = false;
  #onSaid: () => void = () => undefined;

  constructor(process: SpawnedProcess, files: WarmFiles, clock: Clock) {
    this.process = process;
    this.files = files;
    this.#clock = clock;
    const { channel } = process;
    const over = () => {
      this.#over = true;
      this.#onSaid();
    };
    channel?.on('error', over);
    channel?.on('close', over);
    channel?.on('data', (chunk: Buffer) => {
      if (this.#said.length > MAX_ANSWER) return; // not ours: never claimed
      this.#said += chunk.toString('latin1');
      this.#onSaid();
    });
    void process.exited.then(over);
  }

  get isReady(): boolean {
    return !this.#over && this.#said === WARM_READY;
  }

  /** Resolves with false when it ended first, or did not come so far in time. */
  untilReady(withinMs: number): Promise<boolean> {
    return this.#untilSaid(WARM_READY, withinMs);
  }

  /** Tells it what to run. Resolves with whether it has heard; with false it must be ended. */
  async claim(specFile: string, withinMs: number): Promise<boolean> {
    if (!this.isReady) return false;
    this.process.channel?.write(`${specFile}\n`);
    const heard = await this.#untilSaid(WARM_READY + WARM_CLAIMED, withinMs);
    this.process.channel?.destroy();
    return heard;
  }

  end(): void {
    this.#over = true;
    signalProcessGroup(this.process.identity, 'SIGKILL');
    this.process.channel?.destroy();
  }

  #untilSaid(all: string, withinMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (said: boolean) => {
        this.#onSaid = () => undefined;
        cancel();
        resolve(said);
      };
      const cancel = this.#clock.after(withinMs, () => settle(false));
      this.#onSaid = () => {
        if (this.#said === all) settle(true);
        else if (this.#over) settle(false);
      };
      this.#onSaid();
    });
  }
}
