import { expect } from 'chai';
import { type Executed, RemoteCallError, type RemoteCallErrorCode } from '../errors/remote-call-error.js';
import { jsonMethod } from '../proclet/spec-support.js';
import { NO_OWNER } from '../protocol/control.js';
import { PeerPool } from '../routing/peer-pool.js';
import { ReplicaSet } from '../routing/replica-set.js';
import { RetryBudget } from '../routing/retry-budget.js';
import { UsualLatency } from '../routing/usual-latency.js';
import type { ClientConnection, OutgoingCall } from '../transport/transport.js';
import { RemoteInvoker } from './remote-invoker.js';

type Answer = (replica: string, attempt: number) => string | RemoteCallError;

/** A component on two replicas, of which each key has one owner; `answer` is what they say to each attempt. */
function component(answer: Answer, { retry = false, dial = async () => {} } = {}) {
  const attempts: string[] = [];
  const pool = new PeerPool(async ({ replica }) => {
    await dial();
    const call = async (outgoing: OutgoingCall): Promise<unknown> => {
      attempts.push(replica);
      const said = answer(replica, attempts.length);
      if (typeof said === 'string') return said;
      if (outgoing.recover === undefined) throw said;
      return outgoing.recover(said);
    };
    const idle = { load: 0, silent: false, onStateChange: () => {}, drain: async () => {} };
    return { state: 'open', ...idle, call } as unknown as ClientConnection;
  }, 0);
  const replicas = new ReplicaSet('Room', pool);
  let epoch = 0;
  const route = (owner: number) =>
    replicas.update({
      component: 'Room',
      epoch: ++epoch,
      replicas: ['r0', 'r1'].map((replica) => ({
        replica,
        generation: 1,
        group: 'g',
        address: { kind: 'unix', path: `/${replica}` },
      })),
      assignment: { starts: [0], owners: [owner], epochs: [epoch] },
    });
  route(0);
  const invoke = new RemoteInvoker([
    {
      component: 'Room',
      method: 'post',
      number: 0,
      compiled: jsonMethod('post'),
      routing: () => 'tea',
      retry,
      replicas,
      usual: new UsualLatency(),
      budget: new RetryBudget(retry ? 1 : 0, 0),
      defaultTimeoutMs: 5000,
      decodeThrown: () => undefined,
    },
  ]).bind('post');
  const post = (timeout?: number) =>
    invoke([], timeout === undefined ? undefined : { timeout }) as Promise<string>;
  return { attempts, route, post };
}

const failure = (code: RemoteCallErrorCode, executed: Executed) =>
  new RemoteCallError(code, 'no', { executed });
const thrownBy = (call: Promise<unknown>) => call.catch((reason: unknown) => reason);

describe('a call for a key that has one owner', () => {
  it('asks its owner again for as long as that refuses it, without a retry budget', async () => {
    const refused = component((_, attempt) => (attempt < 12 ? failure('STALE_OWNER', 'no') : 'posted'));
    expect(await refused.post()).to.equal('posted');
    expect(new Set(refused.attempts)).to.deep.equal(new Set(['r0']));
  });

  it('follows the key to its next owner', async () => {
    const moving = component((replica) => (replica === 'r0' ? failure('STALE_OWNER', 'no') : 'posted'));
    const call = moving.post();
    moving.route(NO_OWNER);
    const early = moving.post();
    setTimeout(() => moving.route(1), 20);
    expect(await Promise.all([call, early])).to.deep.equal(['posted', 'posted']);
    expect(moving.attempts.slice(-2)).to.deep.equal(['r1', 'r1']);
  });

  it('never goes to another replica while the owner cannot be reached', async () => {
    let isDown = true;
    const down = component(() => 'posted', {
      dial: async () => {
        if (isDown) throw failure('UNAVAILABLE', 'no');
      },
    });
    const reason = await thrownBy(down.post(200));
    expect(reason).to.include({ code: 'DEADLINE_EXCEEDED', executed: 'no' });
    expect(down.attempts).to.deep.equal([]);
    isDown = false;
    expect(await down.post()).to.equal('posted');
    expect(down.attempts).to.deep.equal(['r0']);
  });

  it('waits for a draining owner’s successor instead of spending its attempts', async () => {
    const draining = component((replica) => (replica === 'r0' ? failure('UNAVAILABLE', 'no') : 'posted'));
    const call = draining.post();
    setTimeout(() => draining.route(1), 100);
    expect(await call).to.equal('posted');
    expect(draining.attempts.length).to.be.above(2);
  });

  it('says at its deadline that the key had no owner, and why the last one refused it', async () => {
    const ownerless = component(() => failure('STALE_OWNER', 'no'));
    const call = thrownBy(ownerless.post(50));
    await new Promise((resolve) => setImmediate(resolve));
    ownerless.route(NO_OWNER);
    const reason = await call;
    expect(reason).to.include({ code: 'DEADLINE_EXCEEDED', executed: 'no' });
    expect((reason as Error).message).to.match(
      /its key had no owner before the deadline: no \[STALE_OWNER\]/,
    );
  });

  it('is sent again when its outcome is not known only if it may run twice', async () => {
    for (const code of ['UNKNOWN_OUTCOME', 'STALE_OWNER'] as const) {
      const answer: Answer = (_, attempt) => (attempt === 1 ? failure(code, 'unknown') : 'posted');
      expect(await thrownBy(component(answer).post())).to.include({ code, executed: 'unknown' });
      expect(await component(answer, { retry: true }).post()).to.equal('posted');
    }
  });

  it('does not say that it was not executed when an attempt before may have been', async () => {
    const repeated = component(
      (_, attempt) =>
        failure(attempt === 1 ? 'UNKNOWN_OUTCOME' : 'STALE_OWNER', attempt === 1 ? 'unknown' : 'no'),
      { retry: true },
    );
    expect(await thrownBy(repeated.post(100))).to.include({ code: 'DEADLINE_EXCEEDED', executed: 'unknown' });
  });
});
