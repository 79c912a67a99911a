import ts from 'typescript';

/** The name a symbol was declared with; `undefined` when it has none, such as `export default class {}`. */
export function declaredName(symbol: ts.Symbol): string | undefined {
  for (const declaration of symbol.declarations ?? []) {
    const name = ts.getNameOfDeclaration(declaration);
    if (name !== undefined && ts.isIdentifier(name)) return name.text;
  }
  return symbol.name.startsWith('__') || symbol.name === 'default' ? undefined : symbol.name;
}

/** The symbol that an import or re-export stands for; any other symbol itself. */
export function unaliased(checker: ts.TypeChecker, symbol: ts.Symbol): ts.Symbol {
  return (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol);
}
