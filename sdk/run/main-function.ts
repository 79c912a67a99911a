import type { Context } from '../context/context.js';

/** What `run` is given: called once, in one process of the app, when the components of that process serve. */
export type Main = (app: Context) => void | Promise<void>;
