import type { CallOptions } from '../component/component-class.js';
import type { DirectMethod, Invoke, Invoker } from './invoker.js';
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
    const target = this.#target(method);
    return target.compiled.streaming
      ? (args, options) => new RemoteCall(target, args, options).stream()
      : (args, options) => unary(target, args, options);
  }

  direct(method: string): DirectMethod {
    const target = this.#target(method);
    return target.compiled.streaming
      ? (...args) => new RemoteCall(target, args, undefined).stream()
      : (...args) => unary(target, args, undefined);
  }

  #target(method: string): RemoteMethod {
    const target = this.#byName.get(method);
    if (target === undefined) throw new RangeError(`no method ${method}`);
    return target;
  }
}

/** Not an async function: the promise of the connection itself is the result. */
function unary(
  target: RemoteMethod,
  args: readonly unknown[],
  options: CallOptions | undefined,
): Promise<unknown> {
  try {
    return new RemoteCall(target, args, options).unary();
  } catch (reason) {
    return Promise.reject(reason);
  }
}
