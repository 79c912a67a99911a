import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import {
  CONTROL_PROTOCOL,
  type EnvelopeNotifications,
  type ProcletNotifications,
  type ProcletRequests,
} from '../protocol/control.js';
import { ControlChannel } from '../protocol/control-channel.js';
import { Proclet } from './proclet.js';

class EnvelopeChannel extends ControlChannel<
  Record<never, never>,
  EnvelopeNotifications,
  ProcletRequests,
  Pick<ProcletNotifications, 'Health'>
> {}

const NEVER_MS = 2 ** 31 - 1;
const NOBODY = 'rehearsal';

/**
 * Starts and stops a proclet that hosts nothing, for an envelope in this process: what the way to serving needs is
 * compiled then, which for a process that waits to be told its replica is half of that way. Its sockets are in the folder
 * for so long.
 */
export async function rehearse(folder: string): Promise<void> {
  const controlSocket = join(folder, 'control.sock');
  const identity = { app: NOBODY, version: NOBODY, group: NOBODY, replica: NOBODY, generation: 0 };
  const proclet = new Proclet(
    {
      ...identity,
      protocol: CONTROL_PROTOCOL,
      controlSocket,
      token: '',
      serveAt: { kind: 'unix', path: join(folder, 'serve.sock') },
      socketFolder: folder,
    },
    undefined,
  );
  const envelope = await listening(controlSocket, () => void proclet.shutdown(0));
  try {
    await proclet.run();
  } finally {
    envelope.close();
  }
}

/** `serves` is called when the proclet says so. */
function listening(path: string, serves: () => void): Promise<Server> {
  const server = createServer((socket) => {
    const channel: EnvelopeChannel = new EnvelopeChannel(socket, {
      requests: {
        RegisterReplica: () => ({ healthIntervalMs: NEVER_MS }),
        ComponentsToHost: () => ({ components: [], main: false, mainConfig: {}, defaultTimeoutMs: 1 }),
        StartComponent: ({ component }) => ({
          routing: { component, epoch: 0, replicas: [], assignment: undefined },
        }),
      },
      notifications: { Health: serves },
      closed: () => void channel.close(),
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(path, () => resolve(server));
  });
}
