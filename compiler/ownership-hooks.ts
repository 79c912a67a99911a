import type ts from 'typescript';
import type { Diagnostic } from './diagnostic.js';
import type { DeclaredComponent } from './discover-components.js';
import { nameNode, type SourcePlaces } from './source-place.js';

/** What the runtime calls of a component with `routing: { exclusive: true }`; not part of its interface. */
export const OWNERSHIP_HOOKS = ['onAcquire', 'onRelease'] as const;

/** The hooks of a class whose keys may have several owners. */
export function hooksNeverCalled(
  checker: ts.TypeChecker,
  places: SourcePlaces,
  { name, symbol, implementations, call }: DeclaredComponent,
): readonly Diagnostic[] {
  return [symbol, ...implementations].flatMap((each) => {
    const type = checker.getDeclaredTypeOfSymbol(each);
    return OWNERSHIP_HOOKS.flatMap((hook) => {
      const property = type.getProperty(hook);
      if (property === undefined) return [];
      const { valueDeclaration } = property;
      const isOwn = valueDeclaration !== undefined && places.isOwn(valueDeclaration);
      return [
        places.diagnostic(isOwn ? nameNode(valueDeclaration) : call, {
          code: 'HOOK_NEVER_CALLED',
          message: `${hook} is called of components whose keys have one owner, and ${name} is none of them`,
          mend: 'add routing: { exclusive: true } to its component(), or rename the method',
        }),
      ];
    });
  });
}
