import { expect } from 'chai';
import fc from 'fast-check';
import { ControlError } from '../../protocol/control-channel.js';
import {
  STATE_PART_BYTES,
  type StateListAnswer,
  type StateQuery,
  type StateReadAnswer,
  type StateWriteAnswer,
} from '../../protocol/state-query.js';
import { ComponentStates } from '../component-states.js';
import type { StateStore } from '../driver.js';
import { OWNS_ALL } from '../key-fence.js';
import { settled } from '../spec-support/manual-clock.js';
import { MemoryStore } from '../spec-support/memory-store.js';
import { UNBUILT_SCHEMA, unbuiltCodec } from '../value-codec.js';
import { WAKE_SCHEMA } from '../wakes/wake-record.js';
import { StateDesk } from './state-desk.js';

const at = { component: 'Bank', state: 'accounts' };

describe('desk of states', () => {
  let store: StateStore;
  let states: ComponentStates;
  let desk: StateDesk;
  let owned: (key: string) => boolean;
  beforeEach(() => {
    store = new MemoryStore();
    owned = () => true;
    states = new ComponentStates('Bank', { open: async () => store }, () => unbuiltCodec, {
      onProblem: (message) => expect.fail(message),
      fence: { ...OWNS_ALL, epochOf: (key) => (owned(key) ? 1 : undefined) },
    });
    desk = new StateDesk(() => states.deskStore({ accounts: UNBUILT_SCHEMA }));
  });

  const ask = async <A>(query: StateQuery): Promise<A> => (await desk.answer(query)) as A;
  const write = (key: string, value: unknown, more: object = {}): Promise<StateWriteAnswer> =>
    ask({
      kind: 'write',
      ...at,
      key,
      bytes: Buffer.from(unbuiltCodec.encode(value, key)).toString('base64'),
      upload: undefined,
      schema: UNBUILT_SCHEMA,
      expiresAt: 0,
      overwrite: false,
      ...more,
    });
  const codeOf = async (asked: Promise<unknown>): Promise<string> => {
    const reason = await asked.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (reason instanceof ControlError) return reason.code;
    throw new Error(`it was not refused: ${reason}`);
  };

  it('gives every entry once, page after page, and those that are too large for one in parts', async () => {
    const sizes = fc.array(
      fc.constantFrom(1, 1000, STATE_PART_BYTES / 2, STATE_PART_BYTES - 100, 2 * STATE_PART_BYTES),
      { maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(sizes, fc.integer({ min: 1, max: 5 }), async (given, limit) => {
        store = new MemoryStore();
        const stored = new Map<string, string>();
        for (const [index, size] of given.entries()) {
          const bytes = Buffer.alloc(size, index);
          const key = `k${String(index).padStart(3, '0')}`;
          await store.write({ kind: 'set', ...at, key, value: { bytes, schema: '"bytes"', expiresAt: 7 } });
          stored.set(key, bytes.toString('base64'));
        }
        const own = new StateDesk(async () => ({
          states: () => [],
          list: async (...args) => store.list(...args),
          get: async (state, key) => store.get(state, key),
          restore: async () => 'kept',
        }));
        const found = new Map<string, string>();
        for (let after: string | undefined; ; ) {
          const answer = (await own.answer({
            kind: 'list',
            ...at,
            prefix: '',
            after,
            limit,
          })) as StateListAnswer;
          expect(JSON.stringify(answer).length).to.be.below(2 * STATE_PART_BYTES);
          for (const { key, bytes, size, schema, expiresAt } of answer.entries) {
            expect([answer.schemas[schema], expiresAt, found.has(key)]).to.deep.equal(['"bytes"', 7, false]);
            const parts: Buffer[] = bytes === undefined ? [] : [Buffer.from(bytes, 'base64')];
            for (let offset = 0; bytes === undefined && offset < size; ) {
              const part = (await own.answer({ kind: 'read', ...at, key, offset })) as StateReadAnswer;
              if (!part.found) throw new Error('it is gone');
              parts.push(Buffer.from(part.bytes, 'base64'));
              offset += parts.at(-1)?.length ?? 0;
            }
            found.set(key, Buffer.concat(parts).toString('base64'));
          }
          if (!answer.more) break;
          after = answer.entries.at(-1)?.key;
        }
        expect(found).to.deep.equal(stored);
      }),
      { numRuns: 40 },
    );
  });

  it('writes through the state: its readers see it; what is there is kept unless it is to be overwritten', async () => {
    const accounts = states.state('accounts');
    expect(await accounts.get('ann')).to.equal(undefined);
    expect(await write('ann', { balance: 5n })).to.deep.equal({ outcome: 'written' });
    expect(await accounts.get('ann')).to.deep.equal({ balance: 5n });
    expect(await write('ann', { balance: 5n })).to.deep.equal({ outcome: 'same' });
    expect(await write('ann', { balance: 6n })).to.deep.equal({ outcome: 'kept' });
    expect(await accounts.get('ann')).to.deep.equal({ balance: 5n });
    expect(await write('ann', { balance: 6n }, { overwrite: true })).to.deep.equal({ outcome: 'written' });
    expect(await accounts.get('ann')).to.deep.equal({ balance: 6n });
  });

  it('takes its turn with updates of the key', async () => {
    const accounts = states.state<number>('accounts');
    await accounts.set('ann', 1);
    let go: () => void = () => {};
    const updated = accounts.update('ann', async (before) => {
      await new Promise<void>((resolve) => {
        go = resolve;
      });
      return (before ?? 0) + 10;
    });
    const restored = write('ann', 100, { overwrite: true });
    await new Promise((resolve) => setImmediate(resolve));
    go();
    expect(await updated).to.equal(11);
    expect(await restored).to.deep.equal({ outcome: 'written' });
    expect(await accounts.get('ann')).to.equal(100);
  });

  it('takes large values in parts, and names one that was given up', async () => {
    const bytes = Buffer.from(unbuiltCodec.encode('x'.repeat(3 * STATE_PART_BYTES), 'x'));
    const parts = [
      bytes.subarray(0, STATE_PART_BYTES),
      bytes.subarray(STATE_PART_BYTES, 2 * STATE_PART_BYTES),
    ];
    for (const part of parts)
      await desk.answer({ kind: 'upload', component: 'Bank', upload: 'u', bytes: part.toString('base64') });
    const last = { upload: 'u', bytes: bytes.subarray(2 * STATE_PART_BYTES).toString('base64') };
    expect(await write('big', '', last)).to.deep.equal({ outcome: 'written' });
    expect(await states.state('accounts').get('big')).to.have.length(3 * STATE_PART_BYTES);
    expect(await codeOf(write('big', '', last))).to.equal('OVERLOADED');
  });

  it('refuses bytes that are no value, another schema, bad keys, states that there are not, and keys of others', async () => {
    expect(await codeOf(write('a', 0, { bytes: '////' }))).to.equal('VALUE_INVALID');
    expect(await codeOf(write('a', 0, { schema: '"string"' }))).to.equal('SCHEMA_INCOMPATIBLE');
    expect(await codeOf(write('k'.repeat(2000), 0))).to.equal('KEY_INVALID');
    expect(await codeOf(write('a', 0, { state: 'others' }))).to.equal('NO_STORE');
    owned = (key) => key !== 'theirs';
    expect(await codeOf(write('theirs', 0))).to.equal('STALE_OWNER');
    expect(await codeOf(ask({ kind: 'read', ...at, key: 'theirs', offset: 0 }))).to.equal('STALE_OWNER');
  });

  it('names the states, and sets reminders such that they come', async () => {
    const woken: string[] = [];
    states.state('accounts', { onWake: (key) => void woken.push(key) });
    states.begin();
    expect(await ask({ kind: 'states', component: 'Bank' })).to.deep.equal({
      states: [
        { state: 'accounts', schema: UNBUILT_SCHEMA },
        { state: 'accounts.wakes', schema: WAKE_SCHEMA },
      ],
    });
    await write('ann', 0, {
      state: 'accounts.wakes',
      schema: WAKE_SCHEMA,
      bytes: Buffer.from([2]).toString('base64'),
    });
    await settled();
    expect(woken).to.deep.equal(['ann']);
  });
});
