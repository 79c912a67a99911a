import { expect } from 'chai';
import type { Load } from './load.js';
import type { Call, PeerClient } from './peers/peer.js';
import { runLoad } from './run-load.js';

const TIMED = { warmUpMs: 5, measuredMs: 20 };
const CLOSED: Load = { kind: 'closed', operation: 'echo-30', inFlight: 7, ...TIMED };
const TEXT = 'x'.repeat(30);

function clientOf(call: Call): PeerClient {
  return { call: () => call };
}

/** Answers in a later turn, and counts how many calls wait at a time. */
class Waiting {
  most = 0;
  #waiting = 0;

  async call(): Promise<string> {
    this.#waiting++;
    this.most = Math.max(this.most, this.#waiting);
    await new Promise((resolve) => setImmediate(resolve));
    this.#waiting--;
    return TEXT;
  }
}

async function failure(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (reason) {
    return reason instanceof Error ? reason.message : String(reason);
  }
  throw new Error('it did not fail');
}

describe('bench loads', () => {
  it('keep as many calls in flight as asked, of promises', async () => {
    const waiting = new Waiting();
    const report = await runLoad(clientOf({ kind: 'promise', call: () => waiting.call() }), CLOSED, []);
    expect(waiting.most).to.equal(7);
    expect(report.completed).to.be.greaterThan(0);
    expect(report.failures).to.deep.equal({});
  });

  it('keep as many calls in flight as asked, of callbacks', async () => {
    const waiting = new Waiting();
    const call: Call = {
      kind: 'callback',
      call: (done) => void waiting.call().then((answer) => done(null, answer)),
    };
    const report = await runLoad(clientOf(call), CLOSED, []);
    expect(waiting.most).to.equal(7);
    expect(report.completed).to.be.greaterThan(0);
  });

  it('fail with a peer that answers wrongly', async () => {
    const call: Call = { kind: 'promise', call: async () => 'something else' };
    expect(await failure(runLoad(clientOf(call), CLOSED, []))).to.contain('something else');
  });

  for (const kind of ['promise', 'callback'] as const) {
    it(`fail with the first call that fails, of a ${kind}`, async () => {
      let calls = 0;
      const answer = async () => {
        if (++calls > 20) throw new Error('call 21 failed');
        return TEXT;
      };
      const call: Call =
        kind === 'promise'
          ? { kind, call: answer }
          : {
              kind,
              call: (done) =>
                void answer().then(
                  (value) => done(null, value),
                  (reason) => done(reason, undefined),
                ),
            };
      expect(await failure(runLoad(clientOf(call), CLOSED, []))).to.equal('call 21 failed');
    });
  }

  it('count failures of an open loop by their code, and go on', async () => {
    let calls = 0;
    const call: Call = {
      kind: 'promise',
      async call() {
        if (++calls % 2 === 0) throw Object.assign(new Error('full'), { code: 'RESOURCE_EXHAUSTED' });
        return TEXT;
      },
    };
    const load: Load = { kind: 'open', operation: 'echo-30', callsPerSecond: 100_000, ...TIMED };
    const { completed, failures } = await runLoad(clientOf(call), load, []);
    expect(failures).to.have.all.keys('RESOURCE_EXHAUSTED');
    expect(Math.abs(completed - (failures.RESOURCE_EXHAUSTED ?? 0))).to.be.lessThan(2);
  });

  it('read a stream until the time is over', async () => {
    const client: PeerClient = {
      call: () => undefined,
      async stream(_, onItem) {
        while (onItem(30)) await new Promise((resolve) => setImmediate(resolve));
      },
    };
    const { completed, bytes } = await runLoad(client, { kind: 'stream', operation: 'items', ...TIMED }, []);
    expect(completed).to.be.greaterThan(0);
    expect(bytes).to.equal(30 * completed);
  });

  it('end what runs beside them, and fail with its failure', async () => {
    let ended = false;
    const waiting = new Waiting();
    const client: PeerClient = {
      call: () => ({ kind: 'promise', call: () => waiting.call() }),
      beside: {
        'slow-reader': (signal) =>
          new Promise((resolve) =>
            signal.addEventListener('abort', () => {
              ended = true;
              resolve();
            }),
          ),
        'large-echo': () => Promise.reject(new Error('too large')),
      },
    };
    await runLoad(client, { ...CLOSED, beside: 'slow-reader' }, []);
    expect(ended).to.equal(true);
    expect(await failure(runLoad(client, { ...CLOSED, beside: 'large-echo' }, []))).to.equal('too large');
  });
});
