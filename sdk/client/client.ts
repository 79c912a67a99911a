import type { CallOptions } from '../component/component-class.js';
import { NOT_CALLABLE } from '../component/registry.js';
import type { Invoker } from './invoker.js';

/** A client whose methods go through the invoker: one class per component and caller, made once. */
export function makeClient(component: string, invoker: Invoker): object {
  class ComponentClient {
    readonly #options: CallOptions | undefined;

    constructor(options: CallOptions | undefined) {
      this.#options = options;
    }

    with(options: CallOptions): ComponentClient {
      return new ComponentClient({ ...this.#options, ...options, ...mergedMetadata(this.#options, options) });
    }

    static optionsOf(client: ComponentClient): CallOptions | undefined {
      return client.#options;
    }
  }
  Object.defineProperty(ComponentClient, 'name', { value: `${component}Client` });
  const { prototype } = ComponentClient;
  const define = (method: string) => {
    const invoke = invoker.bind(method);
    Object.defineProperty(prototype, method, {
      value(this: ComponentClient, ...args: readonly unknown[]) {
        return invoke(args, ComponentClient.optionsOf(this));
      },
    });
  };
  for (const method of invoker.methods) define(method);
  if (invoker.openEnded) Object.setPrototypeOf(prototype, definingOnUse(prototype, define));
  return new ComponentClient(undefined);
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

function mergedMetadata(outer: CallOptions | undefined, inner: CallOptions): Pick<CallOptions, 'metadata'> {
  if (outer?.metadata === undefined || inner.metadata === undefined) return {};
  return { metadata: { ...outer.metadata, ...inner.metadata } };
}
