import { isRunning, type ProcessIdentity } from '../../sdk/protocol/process-identity.js';

/** Sends the signal unless the process has gone. Returns whether it was sent. */
export function signalProcess(
  identity: ProcessIdentity,
  signal: NodeJS.Signals,
  target = identity.pid,
): boolean {
  if (!isRunning(identity)) return false;
  try {
    process.kill(target, signal);
    return true;
  } catch (reason) {
    if ((reason as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw reason;
  }
}

/**
 * Sends the signal to the process, which leads its session, and to all that it started and that stayed in its group.
 * Returns whether it was sent.
 */
export function signalProcessGroup(leader: ProcessIdentity, signal: NodeJS.Signals): boolean {
  return signalProcess(leader, signal, -leader.pid);
}
