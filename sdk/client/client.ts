import type { CallOptions } from '../component/component-class.js';
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
  for (const method of invoker.methods) {
    const invoke = invoker.bind(method);
    Object.defineProperty(ComponentClient.prototype, method, {
      value(this: ComponentClient, ...args: readonly unknown[]) {
        return invoke(args, ComponentClient.optionsOf(this));
      },
    });
  }
  return new ComponentClient(undefined);
}

function mergedMetadata(outer: CallOptions | undefined, inner: CallOptions): Pick<CallOptions, 'metadata'> {
  if (outer?.metadata === undefined || inner.metadata === undefined) return {};
  return { metadata: { ...outer.metadata, ...inner.metadata } };
}
