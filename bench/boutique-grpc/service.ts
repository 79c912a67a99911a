import pino from 'pino';
import type { Client, ComponentClass, Context } from 'weaverd';
import { clientOf } from './grpc-client.js';
import { serve } from './grpc-server.js';
import { CLASSES, SERVICE_NAMES, type ServiceName, socketOf } from './services.js';

// The process of one service: hosts one class, and calls the other services.

const name = process.argv[2] as ServiceName;
const folder = process.argv[3] ?? '';

const context: Context = {
  get<T extends object>(token: ComponentClass<T>): Client<T> {
    const target = SERVICE_NAMES.find((each) => (CLASSES[each] as unknown) === token);
    if (target === undefined) throw new Error(`${token.name} is no service`);
    return clientOf(target, folder) as Client<T>;
  },
  config() {
    throw new Error('there is no config');
  },
  log: pino(),
  signal: new AbortController().signal,
  listener: async () => ({ path: socketOf(folder, name) }),
  state() {
    throw new Error('there is no state');
  },
  app: 'boutique-grpc',
  version: 'grpc',
  replica: name,
};

async function start(): Promise<void> {
  const instance = new CLASSES[name](context);
  if ('start' in instance) await instance.start();
  else await serve(name, instance, folder);
  process.send?.('serving');
}

process.on('disconnect', () => process.exit(0));
start().catch((reason: unknown) => {
  process.stderr.write(`${name}: ${reason instanceof Error ? reason.stack : reason}\n`);
  process.exit(1);
});
