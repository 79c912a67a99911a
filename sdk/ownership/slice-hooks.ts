import type { HandOver } from './hand-over.js';
import { OWNERSHIP_TIMES, type OwnershipPorts } from './ownership-ports.js';
import type { SliceRange } from './slice-ranges.js';
import type { Acquisition, Tenure } from './tenure.js';

/** Runs the component's `onAcquire` and `onRelease`, each bounded in time. */
export class SliceHooks {
  readonly #ports: OwnershipPorts;

  constructor(ports: OwnershipPorts) {
    this.#ports = ports;
  }

  /** `changed` is called each time that the acquisition's state changes later, `retry` when it failed and is due again. */
  acquire(tenure: Tenure, changed: () => void, retry: (failed: Acquisition) => void): void {
    const { acquisition } = tenure;
    const slice = sliceOf(tenure);
    const { clock } = this.#ports;
    const hook = this.#ports.acquire(slice);
    if (hook === undefined) {
      acquisition.state = { kind: 'done' };
      return;
    }
    const cancel = clock.schedule(OWNERSHIP_TIMES.acquire, () => {
      acquisition.state = { kind: 'late', ended };
      this.#ports.problem('onAcquire has not resolved in time; calls no longer wait for it', { slice });
      changed();
    });
    const ended = hook.then(
      () => {
        cancel();
        acquisition.state = { kind: 'done' };
        changed();
      },
      (err: unknown) => {
        cancel();
        this.#failed(acquisition, slice, err, retry);
        changed();
      },
    );
    acquisition.state = { kind: 'running', ended };
  }

  /**
   * `done` is called when all that is handed over was released, or that has taken too long; `ended` when no hook runs any
   * more. Both at once when nothing is to be waited for.
   */
  release(handOver: HandOver, done: () => void, ended: () => void): void {
    const hooks = handOver.tenures
      .map((tenure) => this.#release(tenure))
      .filter((each) => each !== undefined);
    if (hooks.length === 0) {
      done();
      ended();
      return;
    }
    const cancel = this.#ports.clock.schedule(OWNERSHIP_TIMES.release, () => {
      this.#ports.problem('onRelease has not resolved in time; the keys are given up nevertheless', {});
      done();
    });
    void Promise.all(hooks).then(() => {
      cancel();
      done();
      ended();
    });
  }

  #failed(
    acquisition: Acquisition,
    slice: SliceRange,
    err: unknown,
    retry: (failed: Acquisition) => void,
  ): void {
    const { firstRetry, lastRetry } = OWNERSHIP_TIMES;
    const delay = Math.min(firstRetry * 2 ** acquisition.failures, lastRetry);
    const why = err instanceof Error ? err.message : String(err);
    acquisition.state = { kind: 'failed', message: `onAcquire failed: ${why}` };
    this.#ports.problem(`onAcquire failed; it is tried again in ${delay} ms`, { slice, err });
    this.#ports.clock.schedule(delay, () => retry(acquisition));
  }

  /** Never rejects. Of what was never acquired the component hears nothing. */
  #release(tenure: Tenure): Promise<void> | undefined {
    const { acquisition } = tenure;
    const slice = sliceOf(tenure);
    const release = () =>
      acquisition.state.kind === 'done' ? this.#ports.release(slice)?.catch(failed) : undefined;
    const failed = (err: unknown) =>
      this.#ports.problem('onRelease failed; the keys are given up nevertheless', { slice, err });
    const { state } = acquisition;
    return state.kind === 'running' || state.kind === 'late' ? state.ended.then(release) : release();
  }
}

function sliceOf({ start, end, epoch }: SliceRange): SliceRange {
  return { start, end, epoch };
}
