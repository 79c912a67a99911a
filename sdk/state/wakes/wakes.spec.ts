import { expect } from 'chai';
import fc from 'fast-check';
import { currentCall, withCall } from '../../call/call-context.js';
import { type KeyFence, OWNS_ALL } from '../key-fence.js';
import { ManualClock, settled } from '../spec-support/manual-clock.js';
import { MemoryStore } from '../spec-support/memory-store.js';
import type { WakeHandler } from '../state.js';
import { StateError } from '../state-error.js';
import { MAX_HANDLERS, Wakes } from './wakes.js';

const DAY_MS = 86_400_000;

describe('reminders', () => {
  let store: MemoryStore;
  let clock: ManualClock;
  let problems: string[];
  let owns: (key: string) => boolean;
  let hold: KeyFence['hold'];
  beforeEach(() => {
    store = new MemoryStore();
    clock = new ManualClock();
    problems = [];
    owns = () => true;
    hold = OWNS_ALL.hold;
  });

  const wakesWith = (handler: WakeHandler): Wakes =>
    new Wakes({
      state: 'rooms',
      open: async () => store,
      handler,
      owns: (key) => owns(key),
      hold: (key, end) => hold(key, end),
      clock,
      random: () => 0.5,
      onProblem: (message) => problems.push(message),
    });
  /** Reminders that have begun, and what they said: `key@seconds from now`. */
  const begun = async (): Promise<{ wakes: Wakes; heard: string[] }> => {
    const start = clock.now();
    const heard: string[] = [];
    const wakes = wakesWith((key, dueAt) => {
      heard.push(`${key}@${(dueAt - start) / 1000}`);
    });
    wakes.begin();
    await settled();
    return { wakes, heard };
  };

  it('come at their time, not before; past ones at once; a later time replaces an earlier one', async () => {
    const { wakes, heard } = await begun();
    const now = clock.now();
    await wakes.wakeAt('later', new Date(now + 5000));
    await wakes.wakeAt('past', now - 1000);
    await wakes.wakeAt('moved', now + 1000);
    await wakes.wakeAt('moved', now + 9000);
    await clock.advance(4999);
    expect(heard).to.deep.equal(['past@-1']);
    await clock.advance(1);
    expect(heard).to.deep.equal(['past@-1', 'later@5']);
    await clock.advance(4000);
    expect(heard).to.deep.equal(['past@-1', 'later@5', 'moved@9']);
    await clock.advance(DAY_MS);
    expect(heard).to.have.length(3);
    expect(await store.list('rooms.wakes', '', undefined, 9)).to.deep.equal([]);
  });

  it('come in years, by timers that setTimeout can hold, and soon after the clock was set', async () => {
    const { wakes, heard } = await begun();
    await wakes.wakeAt('far', clock.now() + 400 * DAY_MS);
    await wakes.wakeAt('ages', 8.64e15);
    expect(clock.longestWaitMs).to.be.below(2 ** 31);
    clock.set(clock.now() + 400 * DAY_MS - 1000);
    await clock.advance(60_000);
    expect(heard).to.deep.equal([`far@${400 * 86_400}`]);
  });

  it('refuses what is no time', async () => {
    const { wakes } = await begun();
    for (const time of [Number.NaN, Number.POSITIVE_INFINITY, new Date('x'), 9e15]) {
      const failure = await wakes.wakeAt('a', time).catch((reason: unknown) => reason);
      expect(failure).to.be.instanceOf(RangeError);
    }
  });

  it('can be cancelled', async () => {
    const { wakes, heard } = await begun();
    await wakes.wakeAt('a', clock.now() + 10);
    expect(await wakes.cancel('a')).to.equal(true);
    expect(await wakes.cancel('a')).to.equal(false);
    await clock.advance(DAY_MS);
    expect(heard).to.deep.equal([]);
  });

  it('wait until the component has started', async () => {
    const heard: string[] = [];
    const wakes = wakesWith((key) => void heard.push(key));
    await wakes.wakeAt('a', 0);
    await clock.advance(1000);
    expect(heard).to.deep.equal([]);
    wakes.begin();
    await settled();
    expect(heard).to.deep.equal(['a']);
  });

  it('a handler that sets its own anew is woken again, at the same time too; one that cancels is not', async () => {
    const heard: number[] = [];
    const wakes = wakesWith(async (key, dueAt) => {
      heard.push(dueAt);
      if (heard.length === 1) await wakes.wakeAt(key, dueAt);
      if (heard.length === 2) await wakes.wakeAt(key, dueAt + 1000);
      if (heard.length === 3) await wakes.cancel(key);
    });
    wakes.begin();
    const at = clock.now() + 1;
    await wakes.wakeAt('a', at);
    await clock.advance(5000);
    expect(heard).to.deep.equal([at, at, at + 1000]);
  });

  it('are tried again, at growing distances, when the handler throws, and said so', async () => {
    const start = clock.now();
    const tries: number[] = [];
    const wakes = wakesWith(() => {
      tries.push(clock.now() - start);
      if (tries.length < 5) throw new Error('not now');
    });
    wakes.begin();
    await wakes.wakeAt('a', start);
    await clock.advance(DAY_MS);
    expect(tries).to.deep.equal([0, 750, 2250, 5250, 11_250]);
    expect(problems).to.have.length(4);
    expect(problems[3]).to.match(/rooms\["a"\] for 1970-.* failed 4 times; again in 6000 ms/);
    expect(await store.list('rooms.wakes', '', undefined, 9)).to.deep.equal([]);
  });

  it('a set while it waits to be tried again counts from then', async () => {
    const heard: number[] = [];
    let fails = true;
    const wakes = wakesWith((_, dueAt) => {
      heard.push(dueAt);
      if (fails) throw new Error('not now');
    });
    wakes.begin();
    await wakes.wakeAt('a', 5);
    await settled();
    fails = false;
    await wakes.wakeAt('a', clock.now() + 10);
    await clock.advance(20);
    expect(heard).to.deep.equal([5, clock.now() - 10]);
  });

  it('of one key run one after another, of all keys some at a time', async () => {
    let most = 0;
    const running = new Map<string, number>();
    const release: (() => void)[] = [];
    const wakes = wakesWith(async (key) => {
      running.set(key, (running.get(key) ?? 0) + 1);
      expect(running.get(key)).to.equal(1);
      most = Math.max(most, running.size);
      await new Promise<void>((resolve) => release.push(resolve));
      running.delete(key);
    });
    wakes.begin();
    await Promise.all(Array.from({ length: 3 * MAX_HANDLERS }, (_, key) => wakes.wakeAt(`${key}`, 0)));
    await wakes.wakeAt('0', 1); // while its handler runs
    await settled();
    expect(running.size).to.equal(MAX_HANDLERS);
    let ended = 0;
    for (let free = release.shift(); free !== undefined; free = release.shift()) {
      free();
      ended++;
      await settled();
    }
    expect(most).to.equal(MAX_HANDLERS);
    expect(ended).to.equal(3 * MAX_HANDLERS + 1);
  });

  it('are left to the process that acts for the key, whose handler here hears of it, and come when it is this one', async () => {
    owns = (key) => key === 'mine';
    const heard: string[] = [];
    let aborted = false;
    const wakes = wakesWith(async (key, _, signal) => {
      heard.push(key);
      if (key === 'mine')
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      aborted ||= signal.aborted;
      if (key === 'mine') throw new Error('given up');
    });
    await wakes.wakeAt('mine', 0);
    await wakes.wakeAt('theirs', 0);
    wakes.begin();
    await settled();
    expect(heard).to.deep.equal(['mine']);
    owns = (key) => key === 'theirs';
    wakes.reload();
    await settled();
    expect(aborted).to.equal(true);
    expect(heard).to.deep.equal(['mine', 'theirs']);
    expect((await store.list('rooms.wakes', '', undefined, 9)).map(({ key }) => key)).to.deep.equal(['mine']);
    await clock.advance(DAY_MS);
    expect(heard).to.have.length(2);
  });

  it('stay as they were when another could not be stored', async () => {
    const { wakes, heard } = await begun();
    const now = clock.now();
    await wakes.wakeAt('a', now + 1000);
    store.failure = new StateError('WRITE_FAILED', 'the disk is full');
    const failed = await Promise.allSettled([
      wakes.wakeAt('a', now + 2000),
      wakes.wakeAt('b', now),
      wakes.cancel('a'),
    ]);
    expect(failed.map(({ status }) => status)).to.deep.equal(['rejected', 'rejected', 'rejected']);
    store.failure = undefined;
    await clock.advance(5000);
    expect(heard).to.deep.equal(['a@1']);
  });

  it('come again when it could not be stored that they have come', async () => {
    const { wakes, heard } = await begun();
    await wakes.wakeAt('a', clock.now() + 1000);
    await clock.advance(999);
    store.failure = new StateError('WRITE_FAILED', 'the disk is full');
    await clock.advance(1);
    store.failure = undefined;
    await clock.advance(60_000);
    expect(heard).to.deep.equal(['a@1', 'a@1']);
  });

  it('hold the key while the handler runs; one that cannot be had yet is tried for, and a hand-over stops the handler', async () => {
    const said: string[] = [];
    let isAcquired = false;
    let end: (why: string) => void = () => {};
    hold = (key, ended) => {
      if (!isAcquired) return undefined;
      end = ended;
      said.push(`hold ${key}`);
      return { leave: () => said.push('leave') };
    };
    const wakes = wakesWith(async (_, __, signal) => {
      said.push('begin');
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      said.push('end');
    });
    wakes.begin();
    await wakes.wakeAt('a', 0);
    await clock.advance(5000);
    expect(said).to.deep.equal([]);
    isAcquired = true;
    await clock.advance(500);
    expect(said).to.deep.equal(['hold a', 'begin']);
    end('its key goes elsewhere');
    await settled();
    expect(said).to.deep.equal(['hold a', 'begin', 'end', 'leave']);
  });

  it('a store that cannot be had is tried again', async () => {
    const heard: string[] = [];
    let fails = 3;
    const wakes = new Wakes({
      state: 'rooms',
      open: async () => {
        if (fails-- > 0) throw new Error('locked');
        return store;
      },
      handler: (key) => void heard.push(key),
      owns: () => true,
      hold: OWNS_ALL.hold,
      clock,
      random: () => 0.5,
      onProblem: (message) => problems.push(message),
    });
    await store.write({
      kind: 'set',
      state: 'rooms.wakes',
      key: 'a',
      value: { bytes: Buffer.from([2]), schema: '"long"', expiresAt: 0 },
    });
    wakes.begin();
    await clock.advance(60_000);
    expect(heard).to.deep.equal(['a']);
    expect(problems).to.have.length(3);
  });

  it('at the end none comes any more, and those that run are waited for, then told', async () => {
    const heard: string[] = [];
    const wakes = wakesWith(async (key, _, signal) => {
      heard.push(key);
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      heard.push(`${key} aborted`);
    });
    wakes.begin();
    await wakes.wakeAt('a', 0);
    await wakes.wakeAt('b', clock.now() + 5);
    await settled();
    const stopped = wakes.stop(1000);
    await clock.advance(999);
    expect(heard).to.deep.equal(['a']);
    await clock.advance(1);
    await stopped;
    await settled();
    expect(heard).to.deep.equal(['a', 'a aborted']);
  });

  it('have nothing of the call that set them', async () => {
    let call: unknown = 'none';
    const wakes = wakesWith(() => {
      call = currentCall();
    });
    wakes.begin();
    await withCall({ timeout: 1000 }, () => wakes.wakeAt('a', clock.now() + 50));
    await clock.advance(100);
    expect(call).to.equal(undefined);
  });

  it('AT-LEAST-ONCE: none is lost or early or beside another of its key, whatever is set, cancelled, failed and restarted', async () => {
    const key = fc.constantFrom('a', 'b', 'c');
    const step = fc.oneof(
      fc.record({ do: fc.constant('wake' as const), key, inMs: fc.integer({ min: -50, max: 3000 }) }),
      fc.record({ do: fc.constant('cancel' as const), key }),
      fc.record({ do: fc.constant('advance' as const), ms: fc.integer({ min: 0, max: 2000 }) }),
      fc.record({ do: fc.constant('fail' as const), times: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ do: fc.constant('restart' as const) }),
      fc.record({ do: fc.constant('reload' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        store = new MemoryStore();
        clock = new ManualClock();
        /** What must still come, at the latest acknowledged time of each key. */
        const owed = new Map<string, number>();
        const running = new Set<string>();
        let failing = 0;
        const start = (): Wakes => {
          const made = wakesWith(async (woken, dueAt) => {
            expect(running.has(woken)).to.equal(false);
            expect(dueAt).to.be.at.most(clock.now());
            running.add(woken);
            await new Promise((resolve) => setImmediate(resolve));
            running.delete(woken);
            if (failing > 0) {
              failing--;
              throw new Error('not now');
            }
            if (owed.get(woken) === dueAt) owed.delete(woken);
          });
          made.begin();
          return made;
        };
        let wakes = start();
        for (const each of steps)
          switch (each.do) {
            case 'wake': {
              const at = clock.now() + each.inMs;
              owed.set(each.key, at);
              await wakes.wakeAt(each.key, at);
              break;
            }
            case 'cancel':
              await wakes.cancel(each.key);
              owed.delete(each.key);
              break;
            case 'advance':
              await clock.advance(each.ms);
              break;
            case 'fail':
              failing = each.times;
              break;
            case 'restart':
              await Promise.all([wakes.stop(10), clock.advance(10)]);
              wakes = start();
              break;
            case 'reload':
              wakes.reload();
          }
        await clock.advance(DAY_MS / 8);
        expect([...owed]).to.deep.equal([]);
        expect(await store.list('rooms.wakes', '', undefined, 9)).to.deep.equal([]);
        await wakes.stop(0).catch(() => {});
      }),
      { numRuns: 60 },
    );
  }).timeout(60_000);
});
