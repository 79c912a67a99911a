import type { CallOptions } from '../component/component-class.js';
import { NOT_CALLABLE } from '../component/registry.js';
import type { Invoker } from './invoker.js';

/**
 * A client whose methods go through the invoker. One class per component and caller, made once, and a second for clients
 * with options: a call without them does not look for any.
 */
export function makeClient(component: string, invoker: Invoker): object {
  class PlainClient {
    with(options: CallOptions): OptionsClient {
      return new OptionsClient(options);
    }
  }
  class OptionsClient {
    readonly #options: CallOptions;

    constructor(options: CallOptions) {
      this.#options = options;
    }

    with(options: CallOptions): OptionsClient {
      return new OptionsClient({ ...this.#options, ...options, ...mergedMetadata(this.#options, options) });
    }

    static optionsOf(client: OptionsClient): CallOptions {
      return client.#options;
    }
  }
  defineMethods(PlainClient, component, invoker, (method) => {
    if (invoker.direct !== undefined) return invoker.direct(method);
    const invoke = invoker.bind(method);
    return (...args: readonly unknown[]) => invoke(args, undefined);
  });
  defineMethods(OptionsClient, component, invoker, (method) => {
    const invoke = invoker.bind(method);
    return function (this: OptionsClient, ...args: readonly unknown[]) {
      return invoke(args, OptionsClient.optionsOf(this));
    };
  });
  return new PlainClient();
}

function defineMethods(
  of: { readonly prototype: object },
  component: string,
  invoker: Invoker,
  make: (method: string) => unknown,
): void {
  const { prototype } = of;
  Object.defineProperty(of, 'name', { value: `${component}Client` });
  const define = (method: string) => Object.defineProperty(prototype, method, { value: make(method) });
  for (const method of invoker.methods) define(method);
  if (invoker.openEnded) Object.setPrototypeOf(prototype, definingOnUse(prototype, define));
}

/** A prototype's prototype that defines a method on it when it is first looked up, so that only that look-up is slow. */
function definingOnUse(prototype: object, define: (method: string) => void): object {
  return new Proxy(
    {},
    {
      get(_, name, receiver) {
        if (typeof name !== 'string' || NOT_CALLABLE.has(name)) return undefined;
        define(name);
        return Reflect.get(prototype, name, receiver);
      },
    },
  );
}

function mergedMetadata(outer: CallOptions, inner: CallOptions): Pick<CallOptions, 'metadata'> {
  if (outer.metadata === undefined || inner.metadata === undefined) return {};
  return { metadata: { ...outer.metadata, ...inner.metadata } };
}
