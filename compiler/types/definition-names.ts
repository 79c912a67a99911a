import { basename } from 'node:path';
import ts from 'typescript';
import { declaredName } from '../symbol-name.js';

/** Names that Avro keeps for itself. */
const RESERVED = new Set(
  'null boolean int long float double bytes string record enum array map fixed union error'.split(' '),
);

const LONGEST = 80;

/**
 * Gives each definition a readable name, legal in Avro and unique in the app: `Order`, `Page_Product` for
 * `Page<Product>`, `Order_address` for a type written in place; `Order_shop` for a second Order, of shop.ts.
 */
export class DefinitionNames {
  /** The file that each name's type is of. */
  readonly #taken = new Map<string, string | undefined>();
  readonly #checker: ts.TypeChecker;

  constructor(checker: ts.TypeChecker) {
    this.#checker = checker;
  }

  /** @param otherwise names a type that has no name of its own; need not be legal */
  claim(type: ts.Type, otherwise: string): string {
    const wanted = legal(this.#own(type) ?? otherwise);
    const file = fileOf(type);
    if (this.#take(wanted, file)) return wanted;
    const qualified = legal(`${wanted}_${file}`);
    if (this.#taken.get(wanted) !== file && this.#take(qualified, file)) return qualified;
    for (let number = 2; ; number++) {
      const name = `${wanted}_${number}`;
      if (this.#take(name, file)) return name;
    }
  }

  #take(name: string, file: string | undefined): boolean {
    if (this.#taken.has(name)) return false;
    this.#taken.set(name, file);
    return true;
  }

  #own(type: ts.Type): string | undefined {
    const { aliasSymbol, aliasTypeArguments } = type;
    if (aliasSymbol !== undefined) return this.#withArguments(aliasSymbol.name, aliasTypeArguments ?? []);
    const symbol = type.getSymbol();
    const name = symbol === undefined ? undefined : declaredName(symbol);
    return name === undefined ? undefined : this.#withArguments(name, this.#typeArguments(type));
  }

  #typeArguments(type: ts.Type): readonly ts.Type[] {
    const isReference =
      (type.flags & ts.TypeFlags.Object) !== 0 &&
      ((type as ts.ObjectType).objectFlags & ts.ObjectFlags.Reference) !== 0;
    if (!isReference) return [];
    const reference = type as ts.TypeReference;
    const { typeParameters } = reference.target;
    return this.#checker.getTypeArguments(reference).slice(0, typeParameters?.length ?? 0);
  }

  #withArguments(name: string, args: readonly ts.Type[]): string {
    return [name, ...args.map((arg) => this.#own(arg) ?? this.#checker.typeToString(arg))].join('_');
  }
}

function fileOf(type: ts.Type): string | undefined {
  const declaration = (type.aliasSymbol ?? type.getSymbol())?.declarations?.[0];
  return declaration === undefined ? undefined : basename(declaration.getSourceFile().fileName).split('.')[0];
}

function legal(text: string): string {
  const name = text
    .replace(/[^A-Za-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, LONGEST);
  return name === '' || /^\d/.test(name) || RESERVED.has(name)
    ? `${name === '' ? 'Type' : name}_`.replace(/^(\d)/, '_$1')
    : name;
}
