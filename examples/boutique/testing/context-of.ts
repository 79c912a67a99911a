import pino from 'pino';
import type { Client, ComponentClass, Context } from 'weaverd';

/** A Context for testing a component as a plain object: `get` finds the given instances by their class. */
export function contextOf(...instances: readonly object[]): Context {
  return {
    get<T extends object>(token: ComponentClass<T>): Client<T> {
      const found = instances.find((instance) => instance instanceof token);
      if (found === undefined) throw new Error(`the test gave no ${token.name}`);
      return clientOf(found as T);
    },
    config() {
      throw new Error('the test gave no config');
    },
    log: pino({ level: 'silent' }),
    signal: new AbortController().signal,
    listener: async () => ({ host: '127.0.0.1', port: 0 }),
    state() {
      throw new Error('the test gave no state');
    },
    app: 'test',
    version: 'dev',
    replica: 'local',
  };
}

function clientOf<T extends object>(instance: T): Client<T> {
  const client: object = new Proxy(instance, {
    get(target, property) {
      if (property === 'with') return () => client;
      const member: unknown = Reflect.get(target, property);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
  return client as Client<T>;
}
