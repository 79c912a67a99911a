import { runLoad } from '../run-load.js';
import type { Peer, PeerClient } from './peer.js';
import type { FromPeer, ToPeer } from './peer-messages.js';
import { PEERS, type PeerName } from './peer-names.js';

// The process of a peer's server or client: does what the bench says, and ends with it.

const name = process.argv[2] as PeerName;
const peer = ((await import(PEERS[name].module)) as Readonly<Record<PeerName, Peer>>)[name];
let client: PeerClient | undefined;

process.on('disconnect', () => process.exit(0));
process.on('message', (message: ToPeer) => {
  act(message).then(reply, (reason: unknown) =>
    reply({ kind: 'failed', message: `${name}: ${reason instanceof Error ? reason.stack : reason}` }),
  );
});

async function act(message: ToPeer): Promise<FromPeer> {
  switch (message.kind) {
    case 'serve':
      return { kind: 'serving', serving: await peer.serve(message.folder) };
    case 'connect':
      client = await peer.connect(message.endpoint);
      return { kind: 'connected' };
    case 'load':
      if (client === undefined) throw new Error('not connected');
      return { kind: 'report', report: await runLoad(client, message.load, message.serverPids) };
  }
}

function reply(message: FromPeer): void {
  process.send?.(message);
}
