import { createHash, randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { connect, type NatsConnection, StorageType } from 'nats';
import { eventually } from '../../../test/support/eventually.js';
import { NatsServer } from '../../../test/support/nats-server.js';
import { TcpProxy } from '../../../test/support/tcp-proxy.js';
import type { Change } from '../bus.js';
import { rejection } from '../bus-conformance.spec.js';
import type { NatsBus } from './nats-bus.js';
import { becomes, OpenedBuses } from './spec-support/opened-buses.js';

describe('nats bus: what others put there', () => {
  let server: NatsServer;
  let buses: OpenedBuses;
  let bus: NatsBus;
  /** Somebody else on the same server. */
  let other: NatsConnection;

  before(async () => {
    server = await NatsServer.start();
  });
  after(() => server.dispose());
  beforeEach(async () => {
    buses = new OpenedBuses();
    bus = await buses.connected({ servers: [server.url], replicas: 1 });
    other = await connect({ servers: server.url });
  });
  afterEach(async () => {
    await buses.close();
    await other.close();
  });

  it('leaves out messages that are not JSON, says so, and hears the next', async () => {
    const heard: unknown[] = [];
    bus.subscribe('x', (body) => heard.push(body));
    bus.serve('ask', (body) => body);
    await bus.check();
    for (const bytes of [new Uint8Array(0), randomBytes(100), new TextEncoder().encode('{"a":')]) {
      other.publish('x', bytes);
      other.publish('ask', bytes, { reply: 'nobody' });
    }
    other.publish('x', '1');
    await eventually('heard', () => (heard.length > 0 ? true : undefined));
    expect(heard).to.deep.equal([1]);
    expect(buses.reports.filter((line) => line.includes('not JSON'))).to.have.length(6);
    expect(await bus.request('ask', 2, { timeoutMs: 5000 })).to.equal(2);
  });

  it('refuses an answer that is none', async () => {
    other.subscribe('odd', { callback: (_error, message) => void message.respond('"yes"') });
    await other.flush();
    const refusal = await rejection(bus.request('odd', 1, { timeoutMs: 5000 }), 'REFUSED');
    expect(refusal.message).to.contain('is no answer');
  });

  it('names a value that is not JSON, and tells the rest', async () => {
    const store = bus.store('s');
    await store.put('good', 1);
    other.publish(`$KV.weaver_${buses.cluster}_s.bad`, randomBytes(10));
    await other.flush();
    await eventually('it is there', async () => {
      const refusal = await store.get('bad').catch((reason: Error) => reason);
      return refusal instanceof Error ? expect(refusal).to.have.property('code', 'CORRUPT') : undefined;
    });
    const told: Change[] = [];
    const watch = await store.watch((change) => told.push(change));
    watch.close();
    expect(told).to.have.nested.property('[0].entries').that.has.length(1);
    expect(buses.reports.join()).to.contain('nats kv del');
  });

  it('names the settings of a bucket that are not as they should be, with the mend', async () => {
    const manager = await other.jetstreamManager();
    const name = `KV_weaver_${buses.cluster}_odd`;
    const subjects = [`$KV.weaver_${buses.cluster}_odd.>`];
    await manager.streams.add({ name, subjects, storage: StorageType.Memory, max_msgs_per_subject: 5 });
    await bus.store('odd').get('k');
    const problems = bus.problems().join('\n');
    expect(problems).to.contain(`${name}: storage is memory`).and.to.contain('back it up');
    expect(problems).to.contain(`nats stream edit ${name} --max-msgs-per-subject=1`);
  });

  it('finds a damaged blob, and mends it when it is put again', async () => {
    const bytes = randomBytes(400_000);
    const digest = await bus.blobs.put(bytes);
    const bucket = `weaver_${buses.cluster}_blobs`;
    const manager = await other.jetstreamManager();
    const second = await manager.streams.getMessage(`OBJ_${bucket}`, { seq: 2 });
    expect(second.subject).to.equal(`$O.${bucket}.C.${digest}`);
    await manager.streams.deleteMessage(`OBJ_${bucket}`, 2);
    const refusal = await rejection(bus.blobs.get(digest), 'CORRUPT');
    expect(refusal.message).to.contain(digest);
    await bus.blobs.put(bytes);
    expect(Buffer.from((await bus.blobs.get(digest)) ?? []).equals(bytes)).to.equal(true);
  });

  it('is read by the object store of NATS itself', async () => {
    const bytes = randomBytes(300_000);
    const digest = await bus.blobs.put(bytes);
    const objects = await other.jetstream().views.os(`weaver_${buses.cluster}_blobs`);
    expect(Buffer.from((await objects.getBlob(digest)) ?? []).equals(bytes)).to.equal(true);
  });

  it('goes on with an upload and a download after the link was cut, where they were', async () => {
    const link = await TcpProxy.open(0, server.port);
    try {
      const far = await buses.connected({ servers: [`nats://127.0.0.1:${link.port}`], replicas: 1 });
      const bytes = randomBytes(30_000_000);
      const digest = createHash('sha256').update(bytes).digest('hex');
      const putting = far.blobs.put(bytes);
      const manager = await other.jetstreamManager();
      const stream = `OBJ_weaver_${buses.cluster}_blobs`;
      await eventually('some of it is there', async () =>
        (await manager.streams.info(stream)).state.messages > 20 ? true : undefined,
      );
      link.become('cut');
      await becomes(far, 'connecting');
      link.become('passing');
      expect(await putting).to.equal(digest);
      const { state } = await manager.streams.info(stream);
      expect(state.messages).to.equal(Math.ceil(bytes.length / (128 * 1024)) + 1);
      const getting = far.blobs.get(digest);
      link.become('cut');
      await becomes(far, 'connecting');
      link.become('passing');
      expect(Buffer.from((await getting) ?? []).equals(bytes)).to.equal(true);
    } finally {
      await link.close();
    }
  });
});
