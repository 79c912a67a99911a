import type { Invoke, Invoker } from './invoker.js';
import { RemoteCall } from './remote-call.js';
import type { RemoteMethod } from './remote-method.js';

/** Calls to a component in other processes. */
export class RemoteInvoker implements Invoker {
  readonly methods: readonly string[];
  readonly openEnded = false;
  readonly #byName: ReadonlyMap<string, RemoteMethod>;

  constructor(methods: readonly RemoteMethod[]) {
    this.#byName = new Map(methods.map((method) => [method.method, method]));
    this.methods = [...this.#byName.keys()];
  }

  bind(method: string): Invoke {
    const target = this.#byName.get(method);
    if (target === undefined) throw new RangeError(`no method ${method}`);
    if (target.compiled.streaming) return (args, options) => new RemoteCall(target, args, options).stream();
    return async (args, options) => new RemoteCall(target, args, options).unary();
  }
}
