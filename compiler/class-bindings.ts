import type { NamedClass } from './types/type-scope.js';

/**
 * Sources in which each class tells the runtime that it is there, by absolute path of their files. What is added stands
 * on the line where the class ends and below the last line, so that no line of the app moves.
 *
 * @param classes by class id
 */
export function bindClasses(classes: ReadonlyMap<string, NamedClass>): ReadonlyMap<string, string> {
  const byFile = new Map<string, { readonly text: string; readonly insertions: Insertion[] }>();
  for (const [classId, declaration] of classes) {
    const source = declaration.getSourceFile();
    const file = byFile.get(source.fileName) ?? { text: source.text, insertions: [] };
    byFile.set(source.fileName, file);
    const bind = `;${BIND}(${JSON.stringify(classId)}, ${declaration.name.text});`;
    file.insertions.push({ position: declaration.getEnd(), text: bind });
  }
  return new Map(
    [...byFile].map(([path, { text, insertions }]) => [path, insert(text, insertions) + IMPORT]),
  );
}

interface Insertion {
  readonly position: number;
  readonly text: string;
}

const BIND = '__weaverdBindClass';
const IMPORT = `\nimport { bindClass as ${BIND} } from 'weaverd/compiled';\n`;

function insert(text: string, insertions: readonly Insertion[]): string {
  return [...insertions]
    .sort((a, b) => b.position - a.position)
    .reduce(
      (result, { position, text: added }) => result.slice(0, position) + added + result.slice(position),
      text,
    );
}
