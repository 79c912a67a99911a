import type { Format } from './format.js';
import type { AppLayout, DefinitionLayout } from './layout.js';
import { hint, Source } from './source.js';

/** What a generated function does with a definition, a layout or a union. */
export type Role =
  | 'encode'
  | 'decode'
  | 'pack'
  | 'unpack'
  | 'bundle'
  | 'unbundle'
  | 'matches'
  | 'look'
  | 'select';

/** The functions and constants of one generated module. Each is written when it is first asked for. */
export class CodeModule {
  readonly #app: AppLayout;
  readonly #recursive: ReadonlySet<string>;
  readonly #emitted: Emitted;
  /** Of the functions asked for through this object. */
  readonly format: Format;

  constructor(app: AppLayout, recursive: ReadonlySet<string>, format: Format, emitted = new Emitted()) {
    this.#app = app;
    this.#recursive = recursive;
    this.#emitted = emitted;
    this.format = format;
  }

  /** The same module, with functions of another format. */
  with(format: Format): CodeModule {
    return new CodeModule(this.#app, this.#recursive, format, this.#emitted);
  }

  get definitions(): ReadonlyMap<string, DefinitionLayout> {
    return this.#app.definitions;
  }

  definition(name: string): DefinitionLayout {
    const definition = this.#app.definitions.get(name);
    if (definition === undefined) throw new Error(`${name} is not defined`);
    return definition;
  }

  isRecursive(name: string): boolean {
    return this.#recursive.has(name);
  }

  /**
   * The name of the function with that role for that subject.
   * @param emit writes its body; only called once, and may ask for the same function
   */
  functionFor(
    role: Role,
    subject: object,
    about: string,
    parameters: string,
    emit: (body: Source, name: string) => void,
  ): string {
    const { functions, source } = this.#emitted;
    const ofRole = functions.get(role) ?? new Map<object, string>();
    functions.set(role, ofRole);
    const existing = ofRole.get(subject);
    if (existing !== undefined) return existing;
    const name = `${role}${this.#emitted.nextNumber()}_${hint(about)}`;
    ofRole.set(subject, name);
    const body = new Source();
    emit(body, name);
    source.block(`function ${name}(${parameters}) {`, () => source.append(body));
    return name;
  }

  /** The name of a constant of the module. */
  constant(expression: string): string {
    const { constants } = this.#emitted;
    const name = constants.get(expression) ?? `constant${this.#emitted.nextNumber()}`;
    constants.set(expression, name);
    return name;
  }

  writeTo(source: Source): void {
    const { constants, source: functions } = this.#emitted;
    for (const [expression, name] of constants) source.line(`const ${name} = ${expression};`);
    source.append(functions);
  }
}

class Emitted {
  readonly functions = new Map<Role, Map<object, string>>();
  readonly constants = new Map<string, string>();
  readonly source = new Source();
  #numbers = 0;

  nextNumber(): number {
    return ++this.#numbers;
  }
}
