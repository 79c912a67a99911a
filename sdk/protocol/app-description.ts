import { createHash } from 'node:crypto';

/**
 * What the daemon knows of a version without loading it: `app.json` of an artifact, written by the compiler.
 */
export interface AppDescription {
  /** Version of this format. */
  readonly format: 1;
  readonly app: string;
  /** First 16 hex digits of the SHA-256 over the bundle and this description without `version`. */
  readonly version: string;
  /** Version of weaverd that built it. */
  readonly builtWith: string;
  /** Sorted by name. */
  readonly components: readonly ComponentDescription[];
  /** `run` was given a main function. */
  readonly hasMain: boolean;
  /** Listener names known at build time (`ctx.listener('shop')` with a literal), by component; `main` for those of `run`. */
  readonly listeners: readonly { readonly name: string; readonly component: string }[];
}

export interface ComponentDescription {
  readonly name: string;
  readonly methods: readonly {
    readonly name: string;
    readonly streaming: boolean;
    readonly routed: boolean;
  }[];
  /** Its keys have one owner at a time: `routing: { exclusive: true }`. */
  readonly exclusive?: boolean;
  /** Components it obtains with `ctx.get`. */
  readonly references: readonly string[];
  /** Names of its states (`ctx.state`), sorted; absent when it has none. */
  readonly states?: readonly string[];
  /** Avro schemas of their values, as JSON, by state. Absent from older builds. */
  readonly stateSchemas?: Readonly<Record<string, string>>;
  /** `file:line` of the `component()` call, relative to the app. */
  readonly declaredAt: string;
}

/** Whether its keys have one owner at a time: as it asks for that, or has state. */
export function isOwned({ exclusive, states }: ComponentDescription): boolean {
  return exclusive === true || (states !== undefined && states.length > 0);
}

/** Files of an artifact folder. */
export const ARTIFACT_FILES = {
  bundle: 'app.mjs',
  sourceMap: 'app.mjs.map',
  description: 'app.json',
  /** Avro schemas of every method, as a JSON object by component and method. */
  schemas: 'schemas.json',
} as const;

/** The group that runs `main`; a component may not have this name. */
export const MAIN = 'main';

/**
 * The version of an artifact: the first 16 hex digits of the SHA-256 over the bundle's bytes followed by the
 * description's JSON, without `version` and with keys sorted, so that writer and reader need not agree on their order.
 */
export function artifactVersion(bundle: Uint8Array, description: Omit<AppDescription, 'version'>): string {
  const { version: _, ...hashed } = description as Partial<AppDescription>;
  return createHash('sha256').update(bundle).update(sortedJson(hashed)).digest('hex').slice(0, 16);
}

function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : inner,
  );
}
