import { Socket } from 'node:net';
import { dirname } from 'node:path';
import { PROCLET_SPEC_VARIABLE } from '../protocol/control.js';
import { WARM_CHANNEL_VARIABLE, WARM_CLAIMED, WARM_READY } from '../protocol/warm-proclet.js';

/** More than any path. */
const MAX_WORD_LENGTH = 64 * 1024;

/**
 * Resolves when the daemon has told this pre-started process what to run: environment and working folder are then those
 * of a process started for it. Ends the process when the daemon has gone before that.
 */
export function untilClaimed(env: NodeJS.ProcessEnv): Promise<void> {
  const channel = new Socket({ fd: Number(env[WARM_CHANNEL_VARIABLE]), readable: true, writable: true });
  delete env[WARM_CHANNEL_VARIABLE];
  return new Promise((resolve) => {
    const daemonHasGone = () => process.exit(0);
    let received = '';
    const onData = (text: string) => {
      received += text;
      const end = received.indexOf('\n');
      if (end < 0 && received.length <= MAX_WORD_LENGTH) return;
      if (end < 0) throw new Error(`its daemon sent ${received.length} characters without an end`);
      // At once: a daemon that ends after its word was read no longer matters.
      channel.off('data', onData).off('close', daemonHasGone);
      const specFile = received.slice(0, end);
      process.chdir(dirname(specFile));
      env[PROCLET_SPEC_VARIABLE] = specFile;
      channel.end(WARM_CLAIMED, () => channel.destroy());
      resolve();
    };
    channel.on('error', () => undefined); // "close" follows
    channel.on('close', daemonHasGone);
    channel.setEncoding('utf8').on('data', onData);
    channel.write(WARM_READY);
  });
}
