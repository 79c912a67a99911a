// What every driver of state must do. `specifyStateDriver` is called for each of them.
import { expect } from 'chai';
import fc from 'fast-check';
import { ComponentStates } from './component-states.js';
import type { StateDriver, StateStore, StoredValue } from './driver.js';
import { OWNS_ALL } from './key-fence.js';
import { MAX_KEY_BYTES, type State } from './state.js';
import { StateError, type StateErrorCode } from './state-error.js';
import { unbuiltCodec } from './value-codec.js';

export interface DriverUnderTest {
  /** A driver on what the former one left; its clock is `now`. */
  driver(now?: () => number): StateDriver;
  /** Forgets all that is stored. */
  dispose(): Promise<void>;
}

export async function codeOf(act: Promise<unknown>): Promise<StateErrorCode> {
  try {
    await act;
  } catch (reason) {
    if (reason instanceof StateError) return reason.code;
    throw reason;
  }
  throw new Error('it did not fail');
}

const NEVER = new AbortController().signal;
const value = (text: string, expiresAt = 0): StoredValue => ({
  bytes: Buffer.from(text),
  schema: '"string"',
  expiresAt,
});
const textOf = (stored: StoredValue | undefined) => stored && Buffer.from(stored.bytes).toString();

/** @param sharing whether several processes may have a component's state open: `fenced` by the epochs of its keys, or not */
export function specifyStateDriver(
  name: string,
  create: () => DriverUnderTest,
  sharing: 'exclusive' | 'fenced' = 'exclusive',
): void {
  describe(`state driver ${name}`, () => {
    let under: DriverUnderTest;
    beforeEach(() => {
      under = create();
    });
    afterEach(() => under.dispose());

    const opened = async (): Promise<{ state: State<unknown>; close(): Promise<void> }> => {
      const states = new ComponentStates('Cart', under.driver(), () => unbuiltCodec, {
        onProblem: (message) => expect.fail(message),
      });
      return { state: states.state('carts'), close: () => states.close() };
    };

    it('has reminders until they have come, over restarts, beside the values and apart from them', async () => {
      const woken: string[] = [];
      const states = () =>
        new ComponentStates('Cart', under.driver(), () => unbuiltCodec, {
          onProblem: (message) => expect.fail(message),
        });
      const onWake = (key: string) => void woken.push(key);
      const before = states();
      const carts = before.state('carts', { onWake });
      await Promise.all([
        carts.set('a', 1),
        carts.wakeAt('a', 5),
        carts.wakeAt('b', 5),
        carts.wakeAt('c', 8e15),
      ]);
      expect(await carts.cancelWake('b')).to.equal(true);
      expect(await carts.list()).to.deep.equal([{ key: 'a', value: 1 }]);
      await before.close();
      const after = states();
      after.state('carts', { onWake });
      after.begin();
      while (woken.length === 0) await new Promise((resolve) => setImmediate(resolve));
      await after.close();
      const last = states();
      expect(await last.state('carts', { onWake }).cancelWake('c')).to.equal(true);
      last.begin();
      await last.state('carts').list(); // read after the reminders are
      await last.close();
      expect(woken).to.deep.equal(['a']);
    });

    it('does what a Map would do, whatever is done in whichever order, and over restarts', async () => {
      const key = fc.constantFrom('a', 'ab', 'b', 'ü', 'ab/1');
      const command = fc.oneof(
        fc.record({ do: fc.constant('set' as const), key, value: fc.jsonValue() }),
        fc.record({ do: fc.constant('update' as const), key, value: fc.jsonValue() }),
        fc.record({ do: fc.constant('delete' as const), key }),
        fc.record({ do: fc.constant('get' as const), key }),
        fc.record({ do: fc.constant('list' as const), prefix: fc.constantFrom('', 'a', 'ab', 'c') }),
        fc.record({ do: fc.constant('reopen' as const) }),
      );
      await fc.assert(
        fc.asyncProperty(fc.array(command, { maxLength: 30 }), async (commands) => {
          await under.dispose();
          under = create();
          let now = await opened();
          const model = new Map<string, unknown>();
          for (const step of commands) {
            switch (step.do) {
              case 'set':
                await now.state.set(step.key, step.value);
                model.set(step.key, structuredClone(step.value));
                break;
              case 'update':
                await now.state.update(step.key, (before) => ({ before, value: step.value }));
                model.set(step.key, { before: model.get(step.key), value: step.value });
                break;
              case 'delete':
                expect(await now.state.delete(step.key)).to.equal(model.delete(step.key));
                break;
              case 'get':
                expect(await now.state.get(step.key)).to.deep.equal(model.get(step.key));
                break;
              case 'list':
                expect(await now.state.list(step.prefix)).to.deep.equal(
                  [...model]
                    .filter(([each]) => each.startsWith(step.prefix))
                    .sort(([a], [b]) => (a < b ? -1 : 1))
                    .map(([each, held]) => ({ key: each, value: held })),
                );
                break;
              case 'reopen':
                await now.close();
                now = await opened();
            }
          }
          await now.close();
        }),
        { numRuns: 40 },
      );
    });

    it('loses no update when many of one key are asked for at once, of sync and of async functions', async () => {
      const { state, close } = await opened();
      const add = (before: unknown) => Number(before ?? 0) + 1;
      await Promise.all(
        Array.from({ length: 200 }, (_, index) =>
          state.update('count', index % 3 === 0 ? async (before) => add(before) : add),
        ),
      );
      expect(await state.get('count')).to.equal(200);
      await close();
    });

    it('reads what was written before in this process, acknowledged or not yet', async () => {
      const { state, close } = await opened();
      const writing = state.set('a', 1);
      expect(await state.get('a')).to.equal(1);
      expect(await state.list()).to.deep.equal([{ key: 'a', value: 1 }]);
      await writing;
      await close();
    });

    it('writes nothing when the function of an update throws, and lets the next one in', async () => {
      const { state, close } = await opened();
      await state.set('a', 1);
      const failure = new Error('no');
      const failed = await state
        .update('a', () => Promise.reject(failure))
        .catch((reason: unknown) => reason);
      expect(failed).to.equal(failure);
      expect(await state.update('a', (before) => [before])).to.deep.equal([1]);
      expect(await state.update('a', () => undefined)).to.equal(undefined);
      expect(await state.get('a')).to.equal(undefined);
      await close();
    });

    it('refuses keys and values that it could not give back', async () => {
      const { state, close } = await opened();
      expect(await codeOf(state.set('k'.repeat(MAX_KEY_BYTES + 1), 1))).to.equal('KEY_INVALID');
      expect(await codeOf(state.set('ü'.repeat(MAX_KEY_BYTES / 2 + 1), 1))).to.equal('KEY_INVALID');
      expect(await codeOf(state.set('k'.repeat(10_000_000), 1))).to.equal('KEY_INVALID');
      expect(await codeOf(state.get('k'.repeat(10_000_000)))).to.equal('KEY_INVALID');
      expect(await state.list('k'.repeat(10_000_000))).to.deep.equal([]);
      expect(await codeOf(state.set('\ud800', 1))).to.equal('KEY_INVALID');
      expect(await codeOf(state.get(7 as unknown as string))).to.equal('KEY_INVALID');
      expect(await codeOf(state.set('a', () => 1))).to.equal('VALUE_INVALID');
      expect(await codeOf(state.set('a', undefined))).to.equal('VALUE_INVALID');
      expect(await codeOf(state.set('a', new Uint8Array(10_000_000)))).to.equal('VALUE_TOO_LARGE');
      await state.set('k'.repeat(MAX_KEY_BYTES), new Uint8Array(8_000_000).fill(1));
      expect(await state.get('k'.repeat(MAX_KEY_BYTES))).to.deep.equal(new Uint8Array(8_000_000).fill(1));
      await close();
    });

    it('gives copies: changing what was given or read changes nothing stored', async () => {
      const { state, close } = await opened();
      const given = { items: [1] };
      await state.set('a', given);
      given.items.push(2);
      ((await state.get('a')) as typeof given).items.push(3);
      expect(await state.get('a')).to.deep.equal({ items: [1] });
      await close();
    });

    it('lists page after page', async () => {
      const { state, close } = await opened();
      await Promise.all(['c', 'a', 'e', 'b', 'd'].map((key) => state.set(key, key)));
      expect((await state.list('', { limit: 2 })).map(({ key }) => key)).to.deep.equal(['a', 'b']);
      expect((await state.list('', { limit: 2, after: 'b' })).map(({ key }) => key)).to.deep.equal([
        'c',
        'd',
      ]);
      expect((await state.list('', { limit: 2, after: 'd' })).map(({ key }) => key)).to.deep.equal(['e']);
      await close();
    });

    it('forgets what has expired, after a restart too', async () => {
      let now = 1000;
      let store = await under.driver(() => now).open('Cart', OWNS_ALL, NEVER);
      await store.write({ kind: 'set', state: 's', key: 'brief', value: value('1', 2000) });
      await store.write({ kind: 'set', state: 's', key: 'long', value: value('2', 3000) });
      now = 1999;
      expect(textOf(await store.get('s', 'brief'))).to.equal('1');
      now = 2000;
      expect(await store.get('s', 'brief')).to.equal(undefined);
      expect(await store.latest('s', 'brief')).to.equal(undefined);
      expect((await store.list('s', '', undefined, 9)).map(({ key }) => key)).to.deep.equal(['long']);
      await store.close();
      store = await under.driver(() => now).open('Cart', OWNS_ALL, NEVER);
      expect(await store.get('s', 'brief')).to.equal(undefined);
      expect(textOf(await store.get('s', 'long'))).to.equal('2');
      await store.close();
    });

    it('keeps states and components apart, and the schema with each value', async () => {
      const driver = under.driver();
      const [cart, shop] = [
        await driver.open('Cart', OWNS_ALL, NEVER),
        await driver.open('Sho/p', OWNS_ALL, NEVER),
      ];
      await cart.write({ kind: 'set', state: 's', key: 'a', value: value('cart s') });
      await cart.write({
        kind: 'set',
        state: 't',
        key: 'a',
        value: { ...value('cart t'), schema: '"bytes"' },
      });
      await cart.write({ kind: 'set', state: 's', key: 'b', value: { ...value('new'), schema: '"long"' } });
      await shop.write({ kind: 'set', state: 's', key: 'a', value: value('shop') });
      await cart.close();
      const again = await under.driver().open('Cart', OWNS_ALL, NEVER);
      expect(await again.get('s', 'a')).to.deep.include({ schema: '"string"' });
      expect(await again.get('t', 'a')).to.deep.include({ schema: '"bytes"' });
      expect([...(await again.schemas('s'))].sort()).to.deep.equal(['"long"', '"string"']);
      expect(textOf(await shop.get('s', 'a'))).to.equal('shop');
      await shop.close();
      await again.close();
    });

    it('takes no write once it is closed', async () => {
      const store = await under.driver().open('Cart', OWNS_ALL, NEVER);
      await store.close();
      expect(await codeOf(store.write({ kind: 'delete', state: 's', key: 'a' }))).to.equal('CLOSED');
      const { state, close } = await opened();
      await close();
      expect(await codeOf(state.set('a', 1))).to.equal('CLOSED');
    });

    if (sharing === 'exclusive')
      it('has one user at a time: the next waits until it is given up, and gives up itself when told to', async () => {
        const driver = under.driver();
        const first = await driver.open('Cart', OWNS_ALL, NEVER);
        const leaving = new AbortController();
        const left = codeOf(driver.open('Cart', OWNS_ALL, leaving.signal));
        leaving.abort();
        expect(await left).to.equal('CLOSED');
        let isSecondOpen = false;
        const second = driver.open('Cart', OWNS_ALL, NEVER).then((store) => {
          isSecondOpen = true;
          return store;
        });
        await first.write({ kind: 'set', state: 's', key: 'a', value: value('1') });
        expect(isSecondOpen).to.equal(false);
        await first.close();
        const store = await second;
        expect(textOf(await store.get('s', 'a'))).to.equal('1');
        await store.close();
      });
    else {
      it('ONE-OWNER: whoever comes with a higher epoch takes the key, and the one before is refused', async () => {
        const driver = under.driver();
        const open = (epoch: number) =>
          driver.open('Cart', { epochOf: () => epoch, onChange: () => undefined }, NEVER);
        const [older, newer] = [await open(3), await open(5)];
        const write = (store: StateStore, text: string) =>
          store.write({ kind: 'set', state: 's', key: 'a', value: value(text) });
        await write(older, '3');
        expect(textOf(await newer.get('s', 'a'))).to.equal('3');
        expect(await codeOf(write(older, 'late'))).to.equal('STALE_OWNER');
        expect(await codeOf(Promise.resolve(older.get('s', 'a')))).to.equal('STALE_OWNER');
        await write(newer, '5');
        expect(textOf(await newer.get('s', 'a'))).to.equal('5');
        await Promise.all([older.close(), newer.close()]);
      });

      it('refuses keys that this process does not own, and lists none of them', async () => {
        const driver = under.driver();
        const all = await driver.open('Cart', OWNS_ALL, NEVER);
        for (const key of ['a/1', 'b/1'])
          await all.write({ kind: 'set', state: 's', key, value: value(key) });
        const epochOf = (_state: string, key: string) => (key.startsWith('a') ? 2 : undefined);
        const some = await driver.open('Cart', { epochOf, onChange: () => undefined }, NEVER);
        expect(textOf(await some.get('s', 'a/1'))).to.equal('a/1');
        const refusal = await Promise.resolve(some.get('s', 'b/1')).catch((reason: unknown) => reason);
        expect(refusal).to.deep.include({ code: 'STALE_OWNER', executed: 'no' });
        expect(String(refusal)).to.contain('owner: (key) =>');
        expect(await codeOf(some.write({ kind: 'delete', state: 's', key: 'b/1' }))).to.equal('STALE_OWNER');
        expect((await some.list('s', '', undefined, 9)).map(({ key }) => key)).to.deep.equal(['a/1']);
        await Promise.all([all.close(), some.close()]);
      });
    }
  });
}
