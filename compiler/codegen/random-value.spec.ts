// No tests: random values of a layout, each in JavaScript and as avsc wants it.
import fc, { type GeneratorValue } from 'fast-check';
import { bindClass, boundClass } from '../../sdk/codec/compiled.js';
import type { AppLayout, BranchLayout, DefinitionLayout, FieldLayout, Layout } from './layout.js';

/** `avro` is for a type made with `wrapUnions: true`. */
export interface Sample {
  readonly value: unknown;
  readonly avro: unknown;
}

/** Binds a new class to every class id of the app. */
export function bindClasses(app: AppLayout): void {
  for (const definition of app.definitions.values()) {
    if (definition.kind === 'error') bindClass(definition.classId, class extends Error {});
    if (definition.kind === 'object' && definition.classId !== undefined)
      bindClass(definition.classId, class {});
  }
}

/** Whether a finite value of every definition exists. */
export function isInhabited(app: AppLayout): boolean {
  return [...heights(app).values()].every(Number.isFinite);
}

/** References that a value of each definition has below it at the least. */
function heights(app: AppLayout): ReadonlyMap<string, number> {
  const known = new Map<string, number>(
    [...app.definitions.keys()].map((name) => [name, Number.POSITIVE_INFINITY]),
  );
  for (let round = 0; round <= app.definitions.size; round++) {
    for (const [name, definition] of app.definitions) {
      const parts =
        definition.kind === 'alias' ? [definition.value] : definition.fields.map(({ layout }) => layout);
      known.set(name, 1 + Math.max(0, ...parts.map((part) => height(part, known))));
    }
  }
  return known;
}

function height(layout: Layout, known: ReadonlyMap<string, number>): number {
  switch (layout.kind) {
    case 'reference':
      return known.get(layout.name) ?? 0;
    case 'tagged':
      return height(layout.value, known);
    case 'tuple':
      return Math.max(0, ...layout.items.map((item) => height(item, known)));
    case 'union':
      return Math.min(...layout.branches.map((branch) => height(branch.layout, known)));
    default:
      return 0;
  }
}

// Up to 2^52: beyond it avsc loses the last bit of a negative long.
const DATES = fc.date({ noInvalidDate: true, min: new Date(-(2 ** 52)), max: new Date(2 ** 52) });
const BINARY = { unit: 'binary', maxLength: 40 } as const;
/** Beyond it values are as small as their types let them be. */
const MAX_PARTS = 60;

export class RandomValues {
  readonly #g: GeneratorValue;
  readonly #app: AppLayout;
  readonly #heights: ReadonlyMap<string, number>;
  readonly #breakAt: number;
  #parts = 0;
  /** The path of the part that was broken, once there is one. */
  brokenAt: string | undefined;

  /** @param breakAt the count of the part that is replaced by a symbol, which no layout admits */
  constructor(g: GeneratorValue, app: AppLayout, breakAt = Number.POSITIVE_INFINITY) {
    this.#g = g;
    this.#app = app;
    this.#heights = heights(app);
    this.#breakAt = breakAt;
  }

  sample(layout: Layout, path = ''): Sample {
    if (this.#parts++ === this.#breakAt) {
      this.brokenAt = path.startsWith('.') ? path.slice(1) : path;
      return { value: Symbol('broken'), avro: undefined };
    }
    switch (layout.kind) {
      case 'null':
        return { value: null, avro: null };
      case 'undefined':
        return { value: undefined, avro: null };
      case 'undefined-symbol':
        return { value: undefined, avro: 'Undefined' };
      case 'boolean':
        return same(this.#g(fc.boolean));
      case 'number':
        return same(this.#g(fc.double));
      case 'string':
        return same(this.#g(fc.string, BINARY));
      case 'bigint': {
        const value = this.#g(fc.bigInt, { min: -(2n ** 70n), max: 2n ** 70n });
        return { value, avro: twosComplement(value) };
      }
      case 'bytes': {
        const value = this.#g(fc.uint8Array, { maxLength: 20 });
        return { value, avro: Buffer.from(value) };
      }
      case 'date': {
        const value = this.#g(() => DATES);
        return { value, avro: value.getTime() };
      }
      case 'enum': {
        const index = this.#below(layout.values.length);
        return { value: layout.values[index], avro: layout.symbols[index] };
      }
      case 'tagged': {
        const { value, avro } = this.sample(layout.value, path);
        return { value, avro: wrap(this.#branchName({ layout: layout.value, wrapper: undefined }), avro) };
      }
      case 'array':
        return both(this.#samples(layout.items, path));
      case 'set': {
        const items = this.#unique(layout.items, path);
        return { value: new Set(items.map((item) => item.value)), avro: items.map((item) => item.avro) };
      }
      case 'tuple': {
        const items = layout.items.map((item, index) => this.sample(item, `${path}[${index}]`));
        if (layout.rest === undefined) return this.#tuple(items, undefined);
        return this.#tuple(items, this.#samples(layout.rest.items, path, items.length));
      }
      case 'record': {
        const entries = this.#entries(layout.values, path);
        return { value: Object.fromEntries(entries.values), avro: Object.fromEntries(entries.avro) };
      }
      case 'map':
        return this.#map(layout, path);
      case 'union':
        return this.#union(layout, path);
      case 'reference':
        return this.#definition(layout.name, path);
    }
  }

  fields(
    fields: readonly FieldLayout[],
    path: string,
  ): readonly { readonly field: FieldLayout; readonly sample: Sample }[] {
    return fields.map((field) => ({
      field,
      sample: this.sample(field.layout, path + fieldText(field.name)),
    }));
  }

  #definition(name: string, path: string): Sample {
    const definition = this.#app.definitions.get(name);
    if (definition === undefined) throw new Error(`${name} is not defined`);
    if (definition.kind === 'alias') {
      const { value, avro } = this.sample(definition.value, path);
      return { value, avro: { value: avro } };
    }
    const fields = this.fields(definition.fields, path);
    const avro = Object.fromEntries(fields.map(({ field, sample }) => [field.avroName, sample.avro]));
    const base = definition.kind === 'error' ? this.#error(definition) : instance(definition);
    for (const { field, sample } of fields) {
      if (field.optional && sample.value === undefined) continue;
      Object.defineProperty(base.value, field.name, {
        value: sample.value,
        enumerable: true,
        writable: true,
        configurable: true,
      });
    }
    return { value: base.value, avro: { ...base.avro, ...avro } };
  }

  #error(definition: DefinitionLayout & { readonly kind: 'error' }): { value: object; avro: object } {
    const message = this.#g(fc.string, BINARY);
    const bound = boundClass(definition.classId) as unknown as new (
      message: string,
      options?: ErrorOptions,
    ) => Error;
    const cause = this.#below(3);
    const options = cause === 0 ? {} : { cause: cause === 1 ? 'a cause' : new TypeError('inner') };
    const value = new bound(message, options);
    const described =
      cause < 2
        ? [null, { string: 'a cause' }][cause]
        : {
            [this.#app.causeName]: {
              message: 'inner',
              name: 'TypeError',
              stack: { string: (options.cause as Error).stack },
              cause: null,
            },
          };
    return { value, avro: { message, name: 'Error', stack: { string: value.stack }, cause: described } };
  }

  #union(layout: Layout & { readonly kind: 'union' }, path: string): Sample {
    const least = height(layout, this.#heights);
    const branches = layout.branches.filter(
      (branch) => !this.#isExhausted() || height(branch.layout, this.#heights) === least,
    );
    const branch = branches[this.#below(branches.length)];
    if (branch === undefined) throw new Error('a union has no branches');
    const { value, avro } = this.sample(branch.layout, path);
    const inner = branch.wrapper === undefined ? avro : { value: avro };
    return { value, avro: wrap(this.#branchName(branch), inner) };
  }

  #branchName({ layout, wrapper }: BranchLayout): string | undefined {
    if (wrapper !== undefined) return wrapper;
    switch (layout.kind) {
      case 'null':
      case 'undefined':
        return undefined;
      case 'number':
        return 'double';
      case 'bigint':
        return 'bytes';
      case 'date':
        return 'long';
      case 'set':
        return 'array';
      case 'map':
        return layout.entryName === undefined ? 'map' : 'array';
      case 'record':
        return 'map';
      case 'undefined-symbol':
      case 'enum':
      case 'tuple':
      case 'reference':
        return layout.name;
      default:
        return layout.kind;
    }
  }

  #tuple(items: readonly Sample[], rest: readonly Sample[] | undefined): Sample {
    const avro: Record<string, unknown> = {};
    items.forEach((item, index) => {
      avro[`_${index}`] = item.avro;
    });
    if (rest !== undefined) avro.rest = rest.map((item) => item.avro);
    return { value: [...items, ...(rest ?? [])].map((item) => item.value), avro };
  }

  #map(layout: Layout & { readonly kind: 'map' }, path: string): Sample {
    if (layout.entryName === undefined) {
      const { values, avro } = this.#entries(layout.values, path);
      return { value: new Map(values), avro: Object.fromEntries(avro) };
    }
    const keys = this.#unique(layout.keys, `${path}.keys()`);
    const entries = keys.map((key) => ({
      key,
      value: this.sample(layout.values, path + keyText(key.value)),
    }));
    return {
      value: new Map(entries.map(({ key, value }) => [key.value, value.value])),
      avro: entries.map(({ key, value }) => ({ key: key.avro, value: value.avro })),
    };
  }

  /** With keys that no object puts into another order, nor takes for its prototype. */
  #entries(layout: Layout, path: string): { values: [string, unknown][]; avro: [string, unknown][] } {
    const keys = new Set(
      Array.from({ length: this.#length() }, () => `k${this.#g(fc.string, { maxLength: 5 })}`),
    );
    const samples = [...keys].map((key) => ({ key, sample: this.sample(layout, path + keyText(key)) }));
    return {
      values: samples.map(({ key, sample }) => [key, sample.value]),
      avro: samples.map(({ key, sample }) => [key, sample.avro]),
    };
  }

  #samples(layout: Layout, path: string, from = 0): readonly Sample[] {
    return Array.from({ length: this.#length() }, (_, index) =>
      this.sample(layout, `${path}[${from + index}]`),
    );
  }

  /** As a Set and the keys of a Map are. */
  #unique(layout: Layout, path: string): readonly Sample[] {
    const samples = new Map<unknown, Sample>();
    for (let left = this.#length(); left > 0; left--) {
      const sample = this.sample(layout, `${path}[${samples.size}]`);
      // Both keep 0 in its place.
      if (Object.is(sample.value, -0)) continue;
      samples.set(sample.value, samples.get(sample.value) ?? sample);
    }
    return [...samples.values()];
  }

  #length(): number {
    return this.#isExhausted() ? 0 : this.#below(4);
  }

  #isExhausted(): boolean {
    return this.#parts > MAX_PARTS;
  }

  #below(count: number): number {
    return this.#g(fc.nat, { max: count - 1 });
  }
}

function instance(definition: DefinitionLayout & { readonly kind: 'object' }): {
  value: object;
  avro: object;
} {
  const bound = definition.classId === undefined ? undefined : boundClass(definition.classId);
  return { value: bound === undefined ? {} : Object.create(bound.prototype as object), avro: {} };
}

function same(value: unknown): Sample {
  return { value, avro: value };
}

function both(items: readonly Sample[]): Sample {
  return { value: items.map((item) => item.value), avro: items.map((item) => item.avro) };
}

function wrap(name: string | undefined, avro: unknown): unknown {
  return name === undefined ? null : { [name]: avro };
}

function fieldText(name: string): string {
  return /^[A-Za-z_$][A-Za-z0-9_$]*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}

function keyText(key: unknown): string {
  return typeof key === 'string' && key.length <= 32 ? `[${JSON.stringify(key)}]` : '[?]';
}

/** As Java's BigInteger.toByteArray, by arithmetic. */
function twosComplement(value: bigint): Buffer {
  let bytes = 1n;
  while (value < -(2n ** (8n * bytes - 1n)) || value >= 2n ** (8n * bytes - 1n)) bytes++;
  const unsigned = BigInt.asUintN(Number(8n * bytes), value);
  return Buffer.from(unsigned.toString(16).padStart(Number(2n * bytes), '0'), 'hex');
}
