import { isRunning, type ProcessIdentity } from '../../../sdk/protocol/process-identity.js';
import { WARM_READY } from '../../../sdk/protocol/warm-proclet.js';
import { type ProcessSpawner, systemSpawner } from '../../processes/process-spawner.js';

/** Starts real processes, and knows those that were started to wait. */
export class WarmWatch implements ProcessSpawner {
  readonly #changed: () => void;
  readonly #started: { readonly identity: ProcessIdentity; ready: boolean }[] = [];

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  async spawn(command: Parameters<ProcessSpawner['spawn']>[0]): ReturnType<ProcessSpawner['spawn']> {
    const spawned = await systemSpawner.spawn(command);
    const { channel, identity, exited } = spawned;
    if (channel === undefined) return spawned;
    const seen = { identity, ready: false };
    this.#started.push(seen);
    let said = '';
    channel.on('data', (chunk) => {
      said += chunk;
      seen.ready = said.startsWith(WARM_READY);
      setImmediate(this.#changed);
    });
    void exited.then(() => setImmediate(this.#changed));
    return spawned;
  }

  /** Pids of those that were started to wait, came to it, and run still, whatever they are now; oldest first. */
  get ready(): readonly number[] {
    return this.#started
      .filter(({ identity, ready }) => ready && isRunning(identity))
      .map(({ identity }) => identity.pid);
  }

  get started(): readonly ProcessIdentity[] {
    return this.#started.map(({ identity }) => identity);
  }
}
