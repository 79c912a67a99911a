import type ts from 'typescript';
import type { Definition, Shape } from '../../sdk/codec/shape.js';
import type { Diagnostic } from '../diagnostic.js';
import type { SourcePlaces } from '../source-place.js';
import type { DefinitionNames } from './definition-names.js';

export type NamedClass = ts.ClassDeclaration & { readonly name: ts.Identifier };

/** Where in an interface a type stands. */
export interface Place {
  /** Such as `Cart.add(item).options`. */
  readonly path: string;
  /** Name for a type that has none of its own and stands here: that of the definition around it, and the way from there. */
  readonly name: string;
  /** The innermost declaration on the way that is the app's own: where the mend is to be made. */
  readonly node: ts.Node;
  /** Number of types around this one. */
  readonly depth: number;
}

/** All that reading types needs and fills. */
export interface TypeScope {
  readonly program: ts.Program;
  readonly checker: ts.TypeChecker;
  readonly places: SourcePlaces;
  readonly names: DefinitionNames;
  readonly definitions: Map<string, Definition>;
  /** Name of the definition of each object type and error class met so far. */
  readonly named: Map<ts.Type, string>;
  /** Unions and aliased types being read; `name` is set as soon as one is found inside itself. */
  readonly open: Map<ts.Type, { name: string | undefined }>;
  /** Classes whose instances travel, by class id. */
  readonly travelling: Map<string, NamedClass>;
  /** The program has errors of its own, which explain every type that could not be resolved. */
  readonly hasTypeErrors: boolean;
  /** What cannot travel. Replaced for the time in which something is read that may be left out. */
  obstacles: Diagnostic[];
  /** What stays at home without harm to the build. */
  readonly warnings: Diagnostic[];
  /** Shape of a type; what cannot travel is reported and stands as `null`. */
  read(type: ts.Type, place: Place): Shape;
}

/** The place one step further inside. */
export function inside(scope: TypeScope, place: Place, step: string, declaration?: ts.Declaration): Place {
  const own = declaration !== undefined && scope.places.isOwn(declaration);
  return {
    path: place.path + step,
    name: `${place.name}_${step}`,
    node: own ? declaration : place.node,
    depth: place.depth + 1,
  };
}

/** `.name`, or `["content-type"]` where that is no identifier. */
export function memberStep(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}
