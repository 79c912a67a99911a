import { type Client, component, run } from 'weaverd';

/** What a shop keeps in one process: the calls of the bench go to one method among several, as an app's do. */
export class Basket {
  #quantity = 0;

  async add(_user: string, quantity: number): Promise<number> {
    this.#quantity += quantity;
    return this.#quantity;
  }

  async quantity(_user: string): Promise<number> {
    return this.#quantity;
  }

  async clear(): Promise<void> {
    this.#quantity = 0;
  }
}

export class Prices {
  async price(_product: string, quantity: number, discount: number): Promise<number> {
    return quantity * (1 - discount);
  }

  async currencies(): Promise<string[]> {
    return ['EUR', 'USD'];
  }
}

component(Basket);
component(Prices);

const QUICK = process.env.BENCH_QUICK === '1';
const CALLS = QUICK ? 200_000 : 1_000_000;
const ROUNDS = QUICK ? 15 : 41;
const WARM_UP_CALLS = 50_000;

await run(async (app) => {
  const client = app.get(Basket);
  const own = new Basket();
  const prices = app.get(Prices);
  for (let i = 0; i < WARM_UP_CALLS; i++) {
    await client.quantity('ann');
    await client.clear();
    await prices.price('p1', i, 0.1);
    await prices.currencies();
  }
  await throughClient(client, WARM_UP_CALLS);
  await direct(own, WARM_UP_CALLS);
  const rounds: { direct: number; client: number }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    // Which is first alternates: a change of the machine's pace falls on both.
    if (round % 2 === 0) {
      const first = await direct(own, CALLS);
      rounds.push({ direct: first, client: await throughClient(client, CALLS) });
    } else {
      const first = await throughClient(client, CALLS);
      rounds.push({ direct: await direct(own, CALLS), client: first });
    }
  }
  process.stdout.write(`${JSON.stringify(rounds)}\n`);
});

/** Nanoseconds a call. The same loop as {@link throughClient}, written twice: each is optimised for its one callee. */
async function direct(basket: Basket, calls: number): Promise<number> {
  const before = performance.now();
  for (let i = 0; i < calls; i++) await basket.add('ann', 1);
  return ((performance.now() - before) * 1e6) / calls;
}

async function throughClient(basket: Client<Basket>, calls: number): Promise<number> {
  const before = performance.now();
  for (let i = 0; i < calls; i++) await basket.add('ann', 1);
  return ((performance.now() - before) * 1e6) / calls;
}
