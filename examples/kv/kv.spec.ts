import { expect } from 'chai';
import { startTestApp, type TestApp } from 'weaverd/testing';
import { Store } from './store.js';

describe('kv Store', () => {
  let app: TestApp;
  beforeEach(async () => {
    app = await startTestApp({ components: [Store], repeatRetriable: true });
  });
  afterEach(() => app.stop());

  it('keeps values and counts how often they were written', async () => {
    const store = app.get(Store);
    expect(await store.get('a')).to.equal(undefined);
    expect(await store.put('a', 'one')).to.equal(1);
    expect(await store.put('a', 'two')).to.equal(2);
    expect(await store.get('a')).to.deep.equal({ value: 'two', revision: 2 });
    await store.remove('a');
    expect(await store.get('a')).to.equal(undefined);
  });

  it('loses no patch of those made at once', async () => {
    const store = app.get(Store);
    await store.put('a', '-'.repeat(50));
    await Promise.all(Array.from({ length: 50 }, (_, at) => store.patch('a', at, 'x')));
    expect(await store.get('a')).to.deep.equal({ value: 'x'.repeat(50), revision: 51 });
    expect(await store.patch('none', 0, 'x')).to.equal(undefined);
  });
});
