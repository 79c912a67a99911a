import { expect } from 'chai';
import { deferred } from '../call/deferred.js';
import { component, componentNamed, type RegisteredComponent } from '../component/registry.js';
import type { Context } from '../context/context.js';
import { ComponentHost, LifecycleError } from './component-host.js';

const gate = { late: deferred<void>() };

class Prompt {
  async ping(): Promise<void> {}
}
class Late {
  start(): Promise<void> {
    return gate.late.promise;
  }
  async ping(): Promise<void> {}
}
component(Prompt, { name: 'SpecPrompt' });
component(Late, { name: 'SpecLate' });

function registered(name: string): RegisteredComponent {
  const found = componentNamed(name);
  if (found === undefined) throw new Error(`${name} is registered above`);
  return found;
}

function starting(onSlowStart: (warning: string) => void): Promise<void> {
  return new ComponentHost().start([registered('SpecPrompt'), registered('SpecLate')], {
    context: () => ({}) as Context,
    implementation: () => undefined,
    onSlowStart,
    slowStartMs: 2,
  });
}

describe('ComponentHost', () => {
  beforeEach(() => {
    gate.late = deferred<void>();
  });

  it('names the components whose start takes long, until they serve', async () => {
    const warning = deferred<string>();
    const started = starting(warning.resolve);
    expect(await warning.promise).to.match(/^start\(\) of SpecLate has not resolved for \d+ s$/);
    gate.late.resolve();
    await started;
  });

  it('names the component that failed to start', async () => {
    const started = starting(() => undefined);
    gate.late.reject(new Error('no disk'));
    const reason = await started.catch((thrown: unknown) => thrown);
    expect(reason).to.be.instanceOf(LifecycleError).that.includes({ component: 'SpecLate' });
    expect((reason as Error).message).to.equal('SpecLate failed to start: no disk');
  });
});
