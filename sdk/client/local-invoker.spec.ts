import { expect } from 'chai';
import fc from 'fast-check';
import { component, componentNamed } from '../component/registry.js';
import { RemoteCallError } from '../errors/remote-call-error.js';
import { HostedComponent } from '../hosting/hosted-component.js';
import { StatsTable } from '../telemetry/method-stats.js';
import { makeClient } from './client.js';
import { LocalInvoker } from './local-invoker.js';

class Echo {
  readonly own = 'own';

  async given(...args: unknown[]): Promise<unknown[]> {
    return [this.own, ...args];
  }

  async count(): Promise<number> {
    // biome-ignore lint/complexity/noArguments: what a method of old code may look at
    return arguments.length;
  }

  async greet(name = 'world'): Promise<string> {
    return name;
  }

  async fail(): Promise<void> {
    throw new RangeError('no');
  }
}

component(Echo, { name: 'SpecEcho' });

type AnyClient = Readonly<Record<string, (...args: unknown[]) => Promise<unknown>>> & {
  with(options: object): AnyClient;
};

function echo() {
  const registered = componentNamed('SpecEcho');
  if (registered === undefined) throw new Error('registered above');
  const hosted = new HostedComponent(registered);
  const stats = new StatsTable();
  const invoker = new LocalInvoker(hosted, 'spec', stats);
  return { hosted, stats, client: makeClient('SpecEcho', invoker) as AnyClient };
}

async function servingEcho(instance: object = new Echo()) {
  const all = echo();
  await all.hosted.start(() => instance);
  return all;
}

describe('a co-located call', () => {
  it('gives the method its instance and exactly the arguments of the caller, timed or not', async () => {
    const { client } = await servingEcho();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.option(fc.integer(), { nil: undefined }), { maxLength: 8 }),
        async (args) => {
          expect(await client.given?.(...args)).to.deep.equal(['own', ...args]);
          expect(await client.with({ timeout: 1000 }).given?.(...args)).to.deep.equal(['own', ...args]);
          expect(await client.count?.(...args)).to.equal(args.length);
        },
      ),
    );
    expect(await client.greet?.()).to.equal('world');
  });

  it('counts every call, and the errors it has seen for those it has not', async () => {
    const { client, stats } = await servingEcho();
    for (let i = 0; i < 1000; i++) await client.greet?.();
    for (let i = 0; i < 640; i++) await client.fail?.().catch(() => {});
    const rows = new Map(stats.take().map((row) => [row.method, row]));
    expect(rows.get('greet')).to.include({ calls: 1000, errors: 0 });
    expect(rows.get('fail')).to.include({ calls: 640, errors: 640 });
    expect(stats.take()).to.deep.equal([]);
  });

  it('waits until the component serves, and is refused when it no longer does', async () => {
    const { client, hosted } = echo();
    const early = client.greet?.('ann');
    await hosted.start(() => new Echo());
    expect(await early).to.equal('ann');
    hosted.refuse();
    const reason = await client.greet?.('ann').catch((thrown: unknown) => thrown);
    expect(reason).to.be.instanceOf(RemoteCallError).that.includes({ code: 'UNAVAILABLE', executed: 'no' });
  });

  it('names a method that the instance lacks, the hundredth time too', async () => {
    const { client } = await servingEcho({});
    for (let i = 0; i < 100; i++) {
      expect(() => client.greet?.()).to.throw(RemoteCallError, 'has no such method [NOT_FOUND]');
    }
  });
});
