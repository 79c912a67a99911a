import { type Client, run } from 'weaverd';
import { Store } from '../../../examples/kv/store.js';
import { isYcsb } from '../../operation.js';
import { loadRecords, type RecordStore, ycsbCall } from '../../ycsb/workload.js';
import { serveLoads } from '../serve-loads.js';

await run(async (app) => {
  const store = recordsOf(app.get(Store));
  await loadRecords(store);
  await serveLoads(app, {
    call: (operation) => (isYcsb(operation) ? ycsbCall(store, operation) : undefined),
  });
});

/** The example's store, called as any component is. */
function recordsOf(store: Client<Store>): RecordStore {
  return {
    read: async (key) => (await store.get(key))?.value,
    update: (key, record) => store.put(key, record),
    modify: async (key, at, field) => (await store.patch(key, at, field))?.value,
  };
}
