import { expect } from 'chai';
import type { Context } from '../context/context.js';
import type { KeySlice } from '../ownership/key-slice.js';
import type { Client, MethodName } from './component-class.js';
import type { component } from './registry.js';

/**
 * What the compiler must accept and refuse: held by `npm run typecheck`, which fails on an unused @ts-expect-error. Nothing
 * here runs: `declared` is a type only.
 */
class Shop {
  readonly name = 'shop';
  async price(product: string, currency?: string): Promise<number> {
    return product.length + (currency?.length ?? 0);
  }
  async *orders(since: Date): AsyncGenerator<string> {
    yield since.toISOString();
  }
  async start(): Promise<void> {}
  async stop(): Promise<void> {}
  async onAcquire(slice: KeySlice): Promise<void> {
    slice.has('p1');
  }
  async onRelease(): Promise<void> {}
  protected async audit(): Promise<void> {}
  #secret = 0;
  reset(): void {
    this.#secret = this.#secret + 1;
  }
}

class NeedsDatabase {
  constructor(readonly database: { readonly url: string }) {}
  async find(id: number): Promise<string> {
    return `${this.database.url}/${id}`;
  }
}

abstract class Mailer {
  abstract send(to: string): Promise<void>;
}
class SmtpMailer extends Mailer {
  async send(): Promise<void> {}
}

class Lock {
  async exclusive(key: string): Promise<string> {
    return key;
  }
}

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <T extends true>(value: T): T => value;

type Declare = typeof component;

function accepted(declare: Declare): void {
  declare(Shop);
  declare(Shop, {
    routing: { price: (product) => product, orders: (since) => since.getTime() },
    retry: { price: true },
  });
  declare(Shop, { routing: { price: (product, currency = 'EUR') => [product, currency, 1n] } });
  declare(Shop, { routing: { orders: (since) => ({ year: since.getFullYear(), shop: 'main' }) } });
  declare(Shop, { routing: { exclusive: true, price: (product) => product } });
  declare(NeedsDatabase, { create: () => new NeedsDatabase({ url: 'db' }) });
  declare(Mailer, { implementation: SmtpMailer });
  declare(Mailer, { implementation: { smtp: SmtpMailer } });
}

function refused(declare: Declare): void {
  // @ts-expect-error: its constructor needs a database, so `create` must be given
  declare(NeedsDatabase);
  // @ts-expect-error: nobody knows how to make an abstract class
  declare(Mailer);
  // @ts-expect-error: there is no method of that name
  declare(Shop, { routing: { cost: () => 'x' } });
  // @ts-expect-error: a key is made of strings, numbers and bigints
  declare(Shop, { routing: { price: () => true } });
  // @ts-expect-error: the method's first argument is a string
  declare(Shop, { routing: { price: (product: number) => product } });
  // @ts-expect-error: tuples and records are flat
  declare(Shop, { routing: { price: (product) => [product, [product]] } });
  // @ts-expect-error: and their values are strings, numbers and bigints
  declare(Shop, { routing: { price: (product) => ({ product, from: new Date() }) } });
  // @ts-expect-error: an instance of a class is no record
  declare(Shop, { routing: { orders: (since) => since } });
  // @ts-expect-error: a key is there at once
  declare(Shop, { routing: { price: async (product) => product } });
  // @ts-expect-error: that keys have one owner is said by true
  declare(Shop, { routing: { exclusive: 'yes' } });
  // @ts-expect-error: a hook is no method of the interface
  declare(Shop, { routing: { exclusive: true, onAcquire: () => 'x' } });
  // @ts-expect-error: a method named exclusive cannot be routed
  declare(Lock, { routing: { exclusive: (key) => key } });
  // @ts-expect-error: start is no method of the interface
  declare(Shop, { retry: { start: true } });
}

async function used(ctx: Context, shop: Client<Shop>): Promise<void> {
  const price: number = await ctx.get(Shop).price('p1');
  for await (const order of shop.with({ timeout: price }).orders(new Date())) order.trim();
  await shop.with({ key: ['shop', 7] }).price('p1');
  await shop.with({ key: { shop: 'main', user: 7n } }).price('p1');
  // @ts-expect-error: a key is no Date
  await shop.with({ key: new Date() }).price('p1');
  // @ts-expect-error: the argument is a string
  await shop.price(1);
  // @ts-expect-error: the runtime calls the hooks
  await shop.onAcquire({ start: 0, end: 1, epoch: 1, has: () => true });
  // @ts-expect-error: not asynchronous, so not in the interface
  shop.reset();
  // @ts-expect-error: data is not in the interface
  void shop.name;
}

describe('types of components', () => {
  it('have the interface of their public asynchronous methods', () => {
    holds<Equal<MethodName<Shop>, 'price' | 'orders'>>(true);
    holds<Equal<Awaited<ReturnType<Client<Shop>['price']>>, number>>(true);
    holds<Equal<ReturnType<Client<Shop>['orders']>, AsyncIterable<string>>>(true);
    holds<Equal<Parameters<Client<Shop>['price']>, [product: string, currency?: string | undefined]>>(true);
    expect([accepted, refused, used]).to.have.length(3);
  });
});
