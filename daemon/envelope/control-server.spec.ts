import { readdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import type {
  EnvelopeNotifications,
  ProcletNotifications,
  ProcletRequests,
  ProcletSpec,
  RegisterReplica,
} from '../../sdk/protocol/control.js';
import { ControlChannel, ControlError, type ControlHandlers } from '../../sdk/protocol/control-channel.js';
import { fakeReplica, HostHarness } from './spec-support/host-harness.js';

class Peer extends ControlChannel<
  ProcletRequests,
  ProcletNotifications,
  Record<never, never>,
  EnvelopeNotifications
> {}

describe('the control server', () => {
  let harness: HostHarness;
  let sockets: Socket[];
  beforeEach(async () => {
    sockets = [];
    harness = await HostHarness.create();
    const host = await harness.open({ registerWithinMs: 200, maxConnections: 8 });
    host.setDesired([fakeReplica('Cart-0', 'silent')]);
    await harness.until(() => harness.replica('Cart-0')?.pid);
  });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await harness.dispose();
  });

  function open(): { readonly socket: Socket; readonly closed: Promise<unknown> } {
    const socket = connect(harness.controlSocket);
    sockets.push(socket);
    socket.on('error', () => {}); // a refused one may be reset; "close" follows
    return { socket, closed: new Promise((resolve) => socket.once('close', resolve)) };
  }

  /** Another process in place of the silent one. */
  function peer(heard: Partial<ControlHandlers<never, EnvelopeNotifications>['notifications']> = {}) {
    const { socket, closed } = open();
    const notifications = { Routing: () => {}, OwnershipLease: () => {}, Shutdown: () => {}, ...heard };
    return { closed, channel: new Peer(socket, { requests: {}, notifications, closed: () => {} }) };
  }

  function registration(change: Partial<RegisterReplica> = {}): RegisterReplica {
    const folder = join(harness.folder, 'p');
    const [generation] = readdirSync(folder);
    const spec: ProcletSpec = JSON.parse(readFileSync(join(folder, String(generation), 'spec.json'), 'utf8'));
    const pid = harness.replica('Cart-0')?.pid ?? 0;
    const { token, app, version, group, replica, generation: current, serveAt } = spec;
    return {
      ...{ protocol: 1, token, app, version, group, replica, generation: current, pid },
      ...{ address: serveAt, hosting: [], listeners: [], phase: 'serving', ...change },
    };
  }

  async function refusal(change: Partial<RegisterReplica>): Promise<string> {
    const { channel, closed } = peer();
    const answer = await channel.request('RegisterReplica', registration(change), 5000).then(
      () => 'registered',
      (reason: ControlError) => reason.code,
    );
    await closed;
    return answer;
  }

  it('refuses, by name, what is not the process that it keeps', async () => {
    const right = registration();
    const wrongToken = `${right.token.slice(0, -1)}${right.token.endsWith('A') ? 'B' : 'A'}`;
    expect(await refusal({ token: wrongToken })).to.equal('UNAUTHENTICATED');
    expect(await refusal({ token: '' })).to.equal('UNAUTHENTICATED');
    expect(await refusal({ generation: right.generation - 1 })).to.equal('STALE_GENERATION');
    expect(await refusal({ generation: right.generation + 1 })).to.equal('STALE_GENERATION');
    expect(await refusal({ pid: process.pid })).to.equal('UNAUTHENTICATED');
    expect(await refusal({ replica: 'Cart-9' })).to.equal('NOT_FOUND');
    expect(await refusal({ version: 'v9' })).to.equal('NOT_FOUND');
    expect(await refusal({ protocol: 2 })).to.equal('UNSUPPORTED_PROTOCOL');
    expect(harness.replica('Cart-0')?.state).to.equal('starting');
    expect(harness.events.filter((event) => event.kind === 'control-refused')).to.have.length(8);
  });

  it('registers as often as asked, and tells the interval of Health', async () => {
    const { channel } = peer();
    for (let time = 0; time < 2; time++) {
      expect(await channel.request('RegisterReplica', registration(), 5000)).to.deep.equal({
        healthIntervalMs: 100,
      });
    }
    await harness.untilState('Cart-0', 'serving');
    expect((await channel.request('ComponentsToHost', {}, 5000)).components[0]?.name).to.equal('Cart');
  });

  it('lets the second connection of a generation replace the first', async () => {
    const first = peer();
    await first.channel.request('RegisterReplica', registration(), 5000);
    const second = peer();
    await second.channel.request('RegisterReplica', registration({ hosting: ['Cart'] }), 5000);
    await first.closed;
    expect(harness.replica('Cart-0')?.state).to.equal('serving');
    second.channel.notify('Health', { phase: 'completed', uptimeMs: 1 });
    await harness.untilState('Cart-0', 'completed');
  });

  it('answers nothing before the registration', async () => {
    const { channel, closed } = peer();
    const code = await channel
      .request('ComponentsToHost', {}, 5000)
      .catch((reason: ControlError) => reason.code);
    expect(code).to.equal('UNAUTHENTICATED');
    await closed;
  });

  it('closes what does not register in time', async () => {
    await open().closed;
    expect((await harness.untilEvent('control-refused')).message).to.include(
      'did not register within 200 ms',
    );
  });

  it('bounds the connections', async () => {
    const held = Array.from({ length: 8 }, () => open());
    await open().closed;
    expect((await harness.untilEvent('control-refused')).message).to.include('8 control connections');
    await Promise.all(held.map(({ closed }) => closed));
  });

  it('is not harmed by garbage', async () => {
    const frame = (json: string) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(Buffer.byteLength(json));
      return Buffer.concat([length, Buffer.from(json)]);
    };
    const request = (body: unknown) => frame(JSON.stringify({ id: 1, method: 'RegisterReplica', body }));
    const garbage = [
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Buffer.alloc(100, 0xff),
      Buffer.from([0, 0]),
      frame('{'),
      frame('null'),
      frame('[]'),
      frame('{"id":1,"method":"__proto__"}'),
      frame('{"id":1,"method":"constructor","body":{}}'),
      request(null),
      request([]),
      request({ protocol: 1 }),
      request({ ...registration(), token: { length: 43 } }),
      request({ ...registration(), app: { toString: 1 } }),
      request({ ...registration(), address: { kind: 'unix', path: 'x'.repeat(5000) } }),
    ];
    for (const bytes of garbage) {
      const { socket, closed } = open();
      socket.resume().write(bytes);
      await closed;
    }
    await peer().channel.request('RegisterReplica', registration(), 5000);
    expect(harness.replica('Cart-0')?.state).to.equal('serving');
  });

  it('ignores malformed notifications of a registered proclet, and says so', async () => {
    const { channel } = peer();
    await channel.request('RegisterReplica', registration(), 5000);
    const tell = channel.notify.bind(channel) as (method: string, body: unknown) => boolean;
    for (const method of [
      'Health',
      'Load',
      'Logs',
      'Traces',
      'ListenerOpened',
      'Failed',
      'Unheard',
      'toString',
    ]) {
      for (const body of [null, 1, {}, { entries: [null], dropped: 0 }, { phase: 'asleep' }])
        tell(method, body);
    }
    const { message } = await harness.untilEvent('control-refused');
    expect(message).to.include('Cart-0 sent a malformed Health');
    expect(await channel.request('StartComponent', { component: 'Cart' }, 5000)).to.have.property('routing');
    expect(harness.replica('Cart-0')?.state).to.equal('serving');
    expect(harness.events.filter((event) => event.kind === 'control-refused')).to.have.length(1);
  });

  it('refuses a proclet that asks for no component at all', async () => {
    const { channel } = peer();
    await channel.request('RegisterReplica', registration(), 5000);
    const request = channel.request.bind(channel) as (
      method: string,
      body: unknown,
      ms: number,
    ) => Promise<unknown>;
    const reason = await request('StartComponent', { component: 7 }, 5000).catch(
      (refused: unknown) => refused,
    );
    expect(reason).to.be.instanceOf(ControlError);
    expect((reason as ControlError).message).to.include('StartComponent.component');
  });
});
