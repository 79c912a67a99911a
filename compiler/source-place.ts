import { relative, sep } from 'node:path';
import ts from 'typescript';
import type { Diagnostic, DiagnosticCode } from './diagnostic.js';

/** Tells the app's own declarations from those of libraries, and names their places in a way that is the same on every machine. */
export class SourcePlaces {
  readonly #folder: string;
  readonly #own: ReadonlySet<ts.SourceFile>;

  /** @param folder absolute path of the app's folder, without symbolic links */
  constructor(folder: string, own: readonly ts.SourceFile[]) {
    this.#folder = folder;
    this.#own = new Set(own);
  }

  isOwn(node: ts.Node): boolean {
    return this.#own.has(node.getSourceFile());
  }

  /** Path relative to the app's folder, with `/`. */
  file(path: string): string {
    return relative(this.#folder, path).split(sep).join('/');
  }

  /** Line and column count from 1. */
  of(node: ts.Node): { readonly file: string; readonly line: number; readonly column: number } {
    const source = node.getSourceFile();
    const { line, character } = source.getLineAndCharacterOfPosition(node.getStart(source));
    return { file: this.file(source.fileName), line: line + 1, column: character + 1 };
  }

  diagnostic(
    node: ts.Node,
    found: {
      readonly code: DiagnosticCode;
      readonly message: string;
      readonly mend: string;
      readonly path?: string;
    },
  ): Diagnostic {
    return { ...this.of(node), path: '', ...found };
  }

  /** `file:line`, relative to the app. */
  fileAndLine(node: ts.Node): string {
    const { file, line } = this.of(node);
    return `${file}:${line}`;
  }

  /** TypeScript's diagnostic as ours; one without a file is reported at the first character of `fallback`. */
  fromTypeScript(found: ts.Diagnostic, fallback: string): Diagnostic {
    const message = `TS${found.code}: ${ts.flattenDiagnosticMessageText(found.messageText, '\n')}`;
    const { file, start } = found;
    const shared = { code: 'TYPESCRIPT', message, path: '', mend: '' } as const;
    if (file === undefined || start === undefined)
      return { ...shared, file: this.file(fallback), line: 1, column: 1 };
    const { line, character } = ts.getLineAndCharacterOfPosition(file, start);
    return { ...shared, file: this.file(file.fileName), line: line + 1, column: character + 1 };
  }
}

/** The name of a declaration where it has one: the part of it that a reader looks for. */
export function nameNode(declaration: ts.Declaration): ts.Node {
  return ts.getNameOfDeclaration(declaration) ?? declaration;
}
