import type { AppLayout, DefinitionLayout } from './layout.js';
import { hint, Source } from './source.js';

/** What a generated function does with a definition, a layout or a union. */
export type Role = 'encode' | 'decode' | 'matches' | 'look' | 'select';

/** The functions and constants of one generated module. Each is written when it is first asked for. */
export class CodeModule {
  readonly #app: AppLayout;
  readonly #recursive: ReadonlySet<string>;
  readonly #functions = new Map<Role, Map<object, string>>();
  readonly #constants = new Map<string, string>();
  readonly #source = new Source();
  #names = 0;

  constructor(app: AppLayout, recursive: ReadonlySet<string>) {
    this.#app = app;
    this.#recursive = recursive;
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
    const ofRole = this.#functions.get(role) ?? new Map<object, string>();
    this.#functions.set(role, ofRole);
    const existing = ofRole.get(subject);
    if (existing !== undefined) return existing;
    const name = `${role}${++this.#names}_${hint(about)}`;
    ofRole.set(subject, name);
    const body = new Source();
    emit(body, name);
    this.#source.block(`function ${name}(${parameters}) {`, () => this.#source.append(body));
    return name;
  }

  /** The name of a constant of the module. */
  constant(expression: string): string {
    const name = this.#constants.get(expression) ?? `constant${++this.#names}`;
    this.#constants.set(expression, name);
    return name;
  }

  writeTo(source: Source): void {
    for (const [expression, name] of this.#constants) source.line(`const ${name} = ${expression};`);
    source.append(this.#source);
  }
}
