import { isAsyncIterable } from '../client/bounded-result.js';
import type { Invoke, Invoker } from '../client/invoker.js';
import type { RegisteredComponent } from '../component/registry.js';
import { hashOfCall } from '../routing/call-hash.js';
import { deepCopy } from './deep-copy.js';

/** Calls within the process as if caller and callee were two: arguments and results are copied, routing keys checked. */
export class SeparatingInvoker implements Invoker {
  constructor(
    private readonly component: RegisteredComponent,
    private readonly inner: Invoker,
    /** Calls each method that may run twice two times: one that is not idempotent shows. */
    private readonly repeatRetriable: boolean,
  ) {}

  get methods(): readonly string[] {
    return this.inner.methods;
  }

  get openEnded(): boolean {
    return this.inner.openEnded;
  }

  bind(method: string): Invoke {
    const invoke = this.inner.bind(method);
    const name = `${this.component.name}.${method}`;
    const repeats = this.repeatRetriable && this.component.mayRetry(method);
    const routing = this.component.routing.get(method);
    const routed = { component: this.component.name, method, routing };
    return (args, options) => {
      if (routing !== undefined || options?.key !== undefined) hashOfCall(routed, args, options?.key);
      const copies = () => args.map((argument, index) => deepCopy(argument, `${name} argument ${index + 1}`));
      const result = invoke(copies(), options);
      if (isAsyncIterable(result) && !(result instanceof Promise)) return copiedItems(result, name);
      const settled = repeats
        ? Promise.resolve(result).then(() => invoke(copies(), options))
        : Promise.resolve(result);
      return settled.then((value) => deepCopy(value, `${name} result`));
    };
  }
}

async function* copiedItems(items: AsyncIterable<unknown>, name: string): AsyncGenerator<unknown> {
  for await (const item of items) yield deepCopy(item, `${name} item`);
}
