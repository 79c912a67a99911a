import { expect } from 'chai';
import {
  type CallState,
  callStateIsUnread,
  currentCall,
  runInCall,
  runMethodInCall,
  withCall,
} from './call-context.js';
import { formatTraceparent, newTrace, parseTraceparent } from './trace-context.js';

describe('withCall', () => {
  const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

  it('carries deadline, metadata and trace to whatever runs inside, and nothing outside', async () => {
    await withCall({ timeout: 1000, metadata: { tenant: 'a' }, traceparent: TRACEPARENT }, async () => {
      await Promise.resolve();
      const call = currentCall();
      expect(call?.timeLeft).to.be.within(1, 1000);
      expect(call?.metadata.get('tenant')).to.equal('a');
      expect(call?.traceparent).to.equal(TRACEPARENT);
    });
    expect(currentCall()).to.equal(undefined);
  });

  it('never extends an enclosing deadline, and adds metadata to the enclosing', () => {
    withCall({ timeout: 50, metadata: { a: '1' } }, () =>
      withCall({ timeout: 10_000, metadata: { b: '2' } }, () => {
        expect(currentCall()?.timeLeft).to.be.at.most(50);
        expect([...(currentCall()?.metadata ?? [])]).to.deep.equal([
          ['a', '1'],
          ['b', '2'],
        ]);
      }),
    );
  });

  it('aborts inside when either signal does', () => {
    const outer = new AbortController();
    const inner = new AbortController();
    withCall({ signal: outer.signal }, () =>
      withCall({ signal: inner.signal }, () => {
        outer.abort();
        expect(currentCall()?.signal?.aborted).to.equal(true);
      }),
    );
  });

  it('starts a new trace for a header that is none', () => {
    withCall({ traceparent: 'nonsense' }, () => {
      expect(parseTraceparent(currentCall()?.traceparent ?? '')).to.not.equal(undefined);
    });
  });
});

describe('a state that nobody was to read', () => {
  const state: CallState = {
    deadline: undefined,
    trace: undefined,
    metadata: new Map([['a', '1']]),
    signal: undefined,
  };
  const read = () => currentCall()?.metadata.get('a');
  const readLater = async () => {
    await Promise.resolve();
    return read();
  };
  const calls: readonly [string, (body: () => unknown) => unknown][] = [
    ['runInCall', (body) => runInCall(state, body)],
    ['runMethodInCall', (body) => runMethodInCall(state, body, {}, [])],
  ];
  // Reading it makes it follow again: no test leaves it off.
  afterEach(() => void currentCall());

  for (const [name, run] of calls) {
    it(`is there before the first await, and gone behind the call (${name})`, () => {
      callStateIsUnread();
      expect(run(read)).to.equal('1');
      callStateIsUnread();
      run(() => {});
      expect(read()).to.equal(undefined);
      callStateIsUnread();
      expect(() =>
        run(() => {
          throw new RangeError('x');
        }),
      ).to.throw(RangeError);
      expect(read()).to.equal(undefined);
    });

    it(`follows every call that begins after it was read all the same (${name})`, async () => {
      callStateIsUnread();
      expect(await run(readLater)).to.equal(undefined);
      expect(await run(readLater)).to.equal('1');
    });
  }
});

describe('parseTraceparent', () => {
  it('reads back what is formatted', () => {
    for (const sampled of [true, false]) {
      const trace = newTrace(sampled);
      expect(parseTraceparent(formatTraceparent(trace))).to.deep.equal(trace);
    }
  });

  it('refuses what the standard calls invalid', () => {
    const ids = '4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7';
    for (const header of [
      '',
      `ff-${ids}-01`,
      `00-${ids}-01-extra`,
      `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
      `00-4bf92f3577b34da6a3ce929d0e0e4736-${'0'.repeat(16)}-01`,
      `00-${ids.toUpperCase()}-01`,
    ]) {
      expect(parseTraceparent(header), header).to.equal(undefined);
    }
  });

  it('reads a later version by what it shares with this one', () => {
    expect(
      parseTraceparent('01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more')?.sampled,
    ).to.equal(true);
  });
});
