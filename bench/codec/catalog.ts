import { component, run } from 'weaverd';
import { type Cart, type Product, type ProductList, payloads, type Tiny } from './messages.js';

/** Each message is the result of a method, so that the compiler reads its type. */
export class Catalog {
  async tiny(): Promise<Tiny> {
    return payloads().tiny;
  }
  async product(): Promise<Product> {
    return payloads().product;
  }
  async cart(): Promise<Cart> {
    return payloads().cart;
  }
  async list(): Promise<ProductList> {
    return payloads().list;
  }
}

component(Catalog);

await run(async (app) => {
  await app.get(Catalog).tiny();
});
