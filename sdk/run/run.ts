import { mapStacks } from '../errors/source-mapped-stack.js';
import { procletSpec } from '../proclet/proclet-spec.js';
import { PROCLET_SPEC_VARIABLE } from '../protocol/control.js';
import { WARM_CHANNEL_VARIABLE } from '../protocol/warm-proclet.js';
import type { Main } from './main-function.js';

let called = false;

// At once: a module of the app may throw before run() is reached.
const [, bundle] = process.argv;
if (process.env[PROCLET_SPEC_VARIABLE] !== undefined && bundle !== undefined) mapStacks(bundle);

/**
 * Runs the program: in one process when started by hand, or as the proclet that the daemon started this process for. In
 * one process all components start, then `main` is called; the program ends when main has returned and no listener is
 * open, or on SIGINT or SIGTERM. Deployed, main is called in exactly one process of the app. A daemon may start a process
 * before it needs one: it then waits here, the modules of the program evaluated, until it is told what to host.
 *
 * Rejects when a component fails to start, or with what main threw.
 */
export async function run(main?: Main): Promise<void> {
  if (called) throw new Error('run() is called twice. A program has one run().');
  called = true;
  // The modules behind the caller's imports are evaluated by now, but the rest of the caller's own is not.
  await new Promise((resolve) => setImmediate(resolve));
  if (process.env[WARM_CHANNEL_VARIABLE] !== undefined) {
    const { rehearse } = await import('../proclet/rehearsal.js');
    await rehearse(process.cwd());
    const { untilClaimed } = await import('./until-claimed.js');
    await untilClaimed(process.env);
  }
  const spec = procletSpec(process.env);
  if (spec === undefined) {
    const { runSingleProcess } = await import('./single-process.js');
    return runSingleProcess(main);
  }
  const { Proclet } = await import('../proclet/proclet.js');
  const proclet = new Proclet(spec, main);
  process.on('SIGTERM', () => void proclet.shutdown(SIGTERM_GRACE_MS));
  try {
    await proclet.run();
  } catch (reason) {
    if (!proclet.failureIsTold)
      process.stderr.write(`${reason instanceof Error ? reason.stack : String(reason)}\n`);
    process.exit(1);
  }
  // The app may hold timers and sockets; its components were stopped, so nothing is lost with them.
  process.exit(0);
}

const SIGTERM_GRACE_MS = 10_000;
