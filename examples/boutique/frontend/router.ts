import { HttpError } from './failure.js';
import type { Reply } from './reply.js';
import type { Session } from './session.js';

export interface ShopRequest {
  readonly session: Session;
  readonly query: URLSearchParams;
  /** What was posted; empty for other requests. */
  readonly form: URLSearchParams;
  /** Path of the page of ours that the request came from, if it did. */
  readonly from: string | undefined;
}

export type Handler = (request: ShopRequest, parameter: string) => Reply | Promise<Reply>;

type Method = 'GET' | 'POST';

/** Handlers by path, exact or with one parameter at the end (`/product/:id`). */
export class Router {
  readonly #routes = new Map<string, Map<Method, Handler>>();

  get(path: string, handler: Handler): this {
    return this.#add('GET', path, handler);
  }

  post(path: string, handler: Handler): this {
    return this.#add('POST', path, handler);
  }

  /** Throws an HttpError: 404 for an unknown path, 405 for a method that the path does not have. */
  find(method: string, path: string): (request: ShopRequest) => Reply | Promise<Reply> {
    const { handlers, parameter } = this.#match(path);
    const handler = handlers.get(method === 'HEAD' ? 'GET' : (method as Method));
    if (handler === undefined) {
      const allow = [...handlers.keys()].flatMap((known) => (known === 'GET' ? ['GET', 'HEAD'] : [known]));
      throw new HttpError(405, `This page does not take ${method} requests.`, { allow: allow.join(', ') });
    }
    return (request) => handler(request, parameter);
  }

  #add(method: Method, path: string, handler: Handler): this {
    const key = path.replace(/:\w+$/, ':');
    const handlers = this.#routes.get(key) ?? new Map<Method, Handler>();
    this.#routes.set(key, handlers.set(method, handler));
    return this;
  }

  #match(path: string): { readonly handlers: ReadonlyMap<Method, Handler>; readonly parameter: string } {
    const exact = this.#routes.get(path);
    if (exact !== undefined) return { handlers: exact, parameter: '' };
    const slash = path.lastIndexOf('/') + 1;
    const handlers = this.#routes.get(`${path.slice(0, slash)}:`);
    const parameter = decoded(path.slice(slash));
    if (handlers === undefined || !parameter) throw new HttpError(404, 'There is no such page in our shop.');
    return { handlers, parameter };
  }
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    // Malformed percent-encoding names nothing.
    return undefined;
  }
}
