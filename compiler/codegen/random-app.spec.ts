// No tests: random apps for the property tests of the codec.
import fc, { type GeneratorValue } from 'fast-check';
import type { AppShape, Definition, Field, ParameterShape, Shape } from '../../sdk/codec/shape.js';

export interface RandomAppOptions {
  /** Unions whose branches a look at the value tells apart, so that a test knows the branch. */
  readonly distinctUnions: boolean;
}

const FIELD_NAMES = [
  'a',
  'b',
  'name',
  'constructor',
  'toString',
  'with-dash',
  'with space',
  'größe',
  '"quoted"',
  "it's",
  '];throw 1//',
  '`$',
  '1',
  'default',
];
const LITERALS: readonly (string | number | boolean)[] = [
  'a',
  'b-c',
  '',
  '1',
  1,
  -2,
  3.5,
  true,
  false,
  'true',
  'ü',
];

type DefinitionKind = Definition['kind'];

/** Method `m` of component `C` takes one of each definition and some more, and returns one more. */
export function randomApp(g: GeneratorValue, options: RandomAppOptions): AppShape {
  return new RandomApp(g, options).app();
}

let apps = 0;

class RandomApp {
  readonly #g: GeneratorValue;
  readonly #options: RandomAppOptions;
  readonly #kinds = new Map<string, DefinitionKind>();
  readonly #definitions = new Map<string, Definition>();
  readonly #app = ++apps;
  readonly #tagged: boolean;

  constructor(g: GeneratorValue, options: RandomAppOptions) {
    this.#g = g;
    this.#options = options;
    this.#tagged = options.distinctUnions || g(fc.boolean);
  }

  app(): AppShape {
    const count = this.#below(5);
    for (let i = 0; i < count; i++)
      this.#kinds.set(`D${i}`, this.#one(['object', 'object', 'error', 'alias']));
    // Aliases first: what is optional depends on them.
    const isAlias = ([, kind]: readonly [string, DefinitionKind]): boolean => kind === 'alias';
    const kinds = [...this.#kinds];
    for (const [name, kind] of [...kinds.filter(isAlias), ...kinds.filter((each) => !isAlias(each))])
      this.#definitions.set(name, this.#definition(name, kind));
    const errors = [...this.#kinds].filter(([, kind]) => kind === 'error').map(([name]) => name);
    const references = [...this.#kinds.keys()].map((name): Shape => ({ kind: 'reference', name }));
    const parameters = [...references, ...this.#times(3, () => this.#shape(3))].map(
      (shape, index): ParameterShape => ({
        name: `p${index}`,
        shape,
        optional: index > references.length && this.#g(fc.boolean) && this.#mayBeOptional(shape),
        rest: false,
      }),
    );
    if (this.#g(fc.boolean)) {
      parameters.push({ name: 'rest', shape: this.#shape(2), optional: false, rest: true });
    }
    const method = { name: 'm', parameters, result: this.#shape(3), streaming: false };
    return { components: [{ name: 'C', methods: [method] }], definitions: this.#definitions, errors };
  }

  #definition(name: string, kind: DefinitionKind): Definition {
    const classId = `app${this.#app}#${name}`;
    switch (kind) {
      case 'alias':
        return { kind, shape: this.#aliased() };
      case 'error':
        return { kind, fields: this.#fields(name), classId };
      case 'object':
        return { kind, fields: this.#fields(name), ...(this.#below(3) === 0 ? { classId } : {}) };
    }
  }

  /** Without an alias at its top: it could be nothing but itself, as TypeScript does not allow. */
  #aliased(): Shape {
    const shape = this.#shape(3);
    const isAlias = (part: Shape): boolean =>
      part.kind === 'reference' && this.#kinds.get(part.name) === 'alias';
    const top = shape.kind === 'union' ? shape.branches : [shape];
    return top.some(isAlias) ? { kind: 'array', items: shape } : shape;
  }

  #fields(definition: string): readonly Field[] {
    const tag: Field = {
      name: 'tag',
      shape: { kind: 'literal', values: [`tag-${definition}`] },
      optional: false,
    };
    const names = this.#g(fc.subarray<string>, FIELD_NAMES, { maxLength: 4 });
    const fields = names.map((name): Field => {
      const shape = this.#shape(2);
      return { name, shape, optional: this.#below(3) === 0 && this.#mayBeOptional(shape) };
    });
    return this.#tagged ? [tag, ...fields] : fields;
  }

  /** An `undefined` that was left out, and one of an alias, are two branches that no look at the value tells apart. */
  #mayBeOptional(shape: Shape): boolean {
    if (!this.#options.distinctUnions || shape.kind !== 'reference') return true;
    const definition = this.#definitions.get(shape.name);
    if (definition?.kind !== 'alias') return true;
    const branches = definition.shape.kind === 'union' ? definition.shape.branches : [definition.shape];
    return !branches.some(({ kind }) => kind === 'undefined');
  }

  #shape(budget: number): Shape {
    const leaf = this.#below(budget > 0 ? 2 : 1) === 0;
    return leaf ? this.#leaf() : this.#compound(budget - 1);
  }

  #leaf(): Shape {
    const kinds = ['null', 'undefined', 'boolean', 'number', 'bigint', 'string', 'bytes', 'date'] as const;
    const choice = this.#below(kinds.length + 3);
    const kind = kinds[choice];
    if (kind !== undefined) return { kind };
    return choice === kinds.length || this.#kinds.size === 0 ? this.#literal() : this.#reference();
  }

  #literal(): Shape {
    return {
      kind: 'literal',
      values: this.#g(fc.subarray<string | number | boolean>, [...LITERALS], { minLength: 1 }),
    };
  }

  #reference(): Shape {
    return { kind: 'reference', name: this.#one([...this.#kinds.keys()]) };
  }

  #compound(budget: number): Shape {
    switch (this.#below(8)) {
      case 0:
      case 1:
        return { kind: 'array', items: this.#shape(budget) };
      case 2: {
        const items = this.#times(3, () => this.#shape(budget));
        return this.#g(fc.boolean)
          ? { kind: 'tuple', items }
          : { kind: 'tuple', items, rest: this.#shape(budget) };
      }
      case 3:
        return { kind: 'record', values: this.#shape(budget) };
      case 4: {
        const keys: Shape = this.#g(fc.boolean) ? { kind: 'string' } : this.#shape(budget);
        return { kind: 'map', keys, values: this.#shape(budget) };
      }
      case 5:
        return { kind: 'set', items: this.#shape(budget) };
      default:
        return this.#union(budget);
    }
  }

  #union(budget: number): Shape {
    const branches: Shape[] = [];
    const taken = new Set<string>();
    for (const branch of this.#times(4, () => this.#shape(budget))) {
      if (branch.kind === 'union') continue;
      const categories = this.#categories(branch);
      const isDistinct = categories !== undefined && !categories.some((category) => taken.has(category));
      if (this.#options.distinctUnions && !isDistinct) continue;
      for (const category of categories ?? []) taken.add(category);
      branches.push(branch);
    }
    return branches.length === 0 ? { kind: 'null' } : { kind: 'union', branches };
  }

  /** What a union may contain once; undefined for what it may not contain. */
  #categories(shape: Shape): readonly string[] | undefined {
    switch (shape.kind) {
      case 'literal':
        return [...new Set(shape.values.map((value) => typeof value))];
      case 'tuple':
        return ['array'];
      case 'record':
        return ['object', ...[...this.#kinds.keys()].map((name) => `object ${name}`)];
      case 'reference': {
        const kind = this.#kinds.get(shape.name);
        if (kind === 'alias') return undefined;
        return kind === 'error' ? ['error'] : [`object ${shape.name}`];
      }
      default:
        return [shape.kind];
    }
  }

  #times<T>(max: number, make: () => T): T[] {
    return Array.from({ length: this.#below(max + 1) }, make);
  }

  #one<T>(choices: readonly T[]): T {
    return this.#g(fc.constantFrom<T[]>, ...choices) as T;
  }

  #below(count: number): number {
    return this.#g(fc.nat, { max: count - 1 });
  }
}
