import { expect } from 'chai';
import fc from 'fast-check';
import type { StateAnswer, StateQuery } from '../../sdk/protocol/state-query.js';
import { type StateEntry, type StateKeeper, StateSource } from './state-source.js';

const ELSEWHERE = new Error('another replica has the key');

/** Keeps some keys, in pages of two; `asked` hears of what it writes. */
function keeperOf(name: string, keys: readonly string[], asked: string[] = []): StateKeeper {
  const sorted = [...keys].sort();
  const answer = (query: StateQuery): StateAnswer => {
    switch (query.kind) {
      case 'list': {
        const found = sorted.filter((key) => key.startsWith(query.prefix) && key > (query.after ?? ''));
        return {
          entries: found.slice(0, 2).map((key) => ({
            key,
            bytes: Buffer.from(name).toString('base64'),
            size: name.length,
            schema: 0,
            expiresAt: 0,
          })),
          schemas: ['"bytes"'],
          more: found.length > 2,
        };
      }
      case 'read': {
        if (!keys.includes(query.key)) throw ELSEWHERE;
        const bytes = Buffer.from(name).toString('base64');
        return { found: true, bytes, size: name.length, schema: '"bytes"', expiresAt: 0, digest: 'd' };
      }
      case 'write':
        if (!keys.includes(query.key)) throw ELSEWHERE;
        asked.push(`${name} ${query.key}`);
        return { outcome: 'written' };
      default:
        throw new Error(`it is not asked for ${query.kind}`);
    }
  };
  return { name, ask: async <A extends StateAnswer>(query: StateQuery) => answer(query) as A };
}

const sourceOf = (...keepers: readonly StateKeeper[]): StateSource =>
  new StateSource({ app: 'bank', component: 'Bank' }, keepers, (reason) => reason === ELSEWHERE);
const entry = (key: string): StateEntry => ({ key, bytes: Buffer.alloc(0), schema: '"bytes"', expiresAt: 0 });

describe('state of several keepers', () => {
  it('is the entries of all, in the order of their keys, each once', async () => {
    const keys = fc.uniqueArray(fc.string({ maxLength: 3, minLength: 1 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(keys, keys, keys, async (a, b, c) => {
        const source = sourceOf(keeperOf('a', a), keeperOf('b', b), keeperOf('c', c));
        const found: string[] = [];
        for await (const { key } of source.entries('accounts', '')) found.push(key);
        expect(found).to.deep.equal([...new Set([...a, ...b, ...c])].sort());
      }),
    );
  });

  it('is read and written by the one that has the key', async () => {
    const asked: string[] = [];
    const source = sourceOf(keeperOf('a', ['x'], asked), keeperOf('b', ['y'], asked));
    expect(String((await source.get('accounts', 'y'))?.bytes)).to.equal('b');
    expect(await source.get('accounts', 'z')).to.equal(undefined);
    expect(await source.write('accounts', entry('y'), false)).to.equal('written');
    expect(asked).to.deep.equal(['b y']);
  });

  it('tells why when nobody has the key, as while it is handed over, and of any other failure at once', async () => {
    const failure = (source: StateSource) =>
      source.write('accounts', entry('z'), false).catch((reason: unknown) => reason);
    expect(await failure(sourceOf(keeperOf('a', ['x'])))).to.equal(ELSEWHERE);
    const broken = new Error('it is gone');
    const gone: StateKeeper = { name: 'gone', ask: () => Promise.reject(broken) };
    expect(await failure(sourceOf(gone, keeperOf('b', ['z'])))).to.equal(broken);
  });

  it('begins anew with a value that changes while it is read in parts, and gives up in the end', async () => {
    let reads = 0;
    const changing: StateKeeper = {
      name: 'changing',
      ask: async <A extends StateAnswer>() =>
        ({
          found: true,
          bytes: Buffer.from('ab').toString('base64'),
          size: 4,
          schema: '"bytes"',
          expiresAt: 0,
          digest: `${++reads < 4 ? reads : 'same'}`,
        }) as StateAnswer as A,
    };
    const found = await sourceOf(changing).get('accounts', 'x');
    expect(String(found?.bytes)).to.equal('abab');
    reads = Number.NEGATIVE_INFINITY;
    const never: StateKeeper = {
      name: 'never',
      ask: async <A extends StateAnswer>(query: StateQuery) => {
        const answer = (await changing.ask(query)) as object;
        return { ...answer, digest: String(Math.random()) } as StateAnswer as A;
      },
    };
    const failure = await sourceOf(never)
      .get('accounts', 'x')
      .catch((reason: unknown) => reason);
    expect(String(failure)).to.contain('accounts["x"] of Bank changed while it was read, 5 times');
  });
});
