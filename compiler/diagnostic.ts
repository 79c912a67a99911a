import pc from 'picocolors';

/** Stable: people search for them and scripts match them. */
export type DiagnosticCode =
  /** TypeScript's own error. */
  | 'TYPESCRIPT'
  | 'ENTRY_NOT_FOUND'
  | 'RUN_NOT_CALLED'
  | 'COMPONENT_NOT_A_CLASS'
  | 'COMPONENT_NOT_AT_TOP_LEVEL'
  | 'COMPONENT_NAME'
  | 'COMPONENT_NAME_TAKEN'
  | 'COMPONENT_TWICE'
  | 'COMPONENT_OPTIONS'
  | 'METHOD_NAME_TAKEN'
  /** `onAcquire` or `onRelease` of a component without `exclusive: true`. */
  | 'HOOK_NEVER_CALLED'
  | 'METHOD_NOT_ASYNC'
  | 'METHOD_GENERIC'
  | 'METHOD_OVERLOADED'
  | 'TYPE_CANNOT_TRAVEL'
  | 'TYPE_CANNOT_BE_STORED'
  /** `ctx.state` without a type, without a literal name, or twice with one name and different types. */
  | 'STATE_NOT_STATIC'
  | 'STATE_TWICE'
  /** A class whose instances travel must be a named one at the top level of a module of the app. */
  | 'CLASS_NOT_AT_TOP_LEVEL'
  | 'NOT_A_COMPONENT'
  /** Warning: `ctx.get(x)` of something that is known at run time only. */
  | 'REFERENCE_NOT_STATIC'
  /** Warning: a field of an error class that cannot travel. */
  | 'ERROR_FIELD_LEFT_OUT'
  /** Warning: an error class whose instances arrive as a plain Error. */
  | 'ERROR_CLASS_LEFT_OUT'
  /** Warning: the component's module is imported for its types alone. */
  | 'COMPONENT_NOT_IMPORTED'
  /** Warning: without `strictNullChecks` the types do not say what may be null. */
  | 'NULL_CHECKS_OFF'
  /** The bundler's error. */
  | 'BUNDLE'
  | 'NATIVE_MODULE';

/** Something wrong with the app's program, and how to mend it. */
export interface Diagnostic {
  readonly code: DiagnosticCode;
  /** Relative to the app's folder, with `/`. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
  readonly message: string;
  /** Where inside an interface, such as `Cart.add(item).options.callback`; empty when it is not inside one. */
  readonly path: string;
  /** What to do about it; empty when the message says it already. */
  readonly mend: string;
}

/** By place, then code and message; each once, with the shortest of its paths. */
export function sortDiagnostics(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const sorted = [...diagnostics].sort(
    (a, b) =>
      compare(a.file, b.file) ||
      a.line - b.line ||
      a.column - b.column ||
      compare(a.code, b.code) ||
      compare(a.message, b.message) ||
      a.path.length - b.path.length ||
      compare(a.path, b.path),
  );
  const seen = new Set<string>();
  return sorted.filter(({ file, line, column, code, message }) => {
    const key = JSON.stringify([file, line, column, code, message]);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/**
 * As text for a terminal: `file:line:column CODE message`, and where there are any, the path and the mend on lines of
 * their own. No line break at the end.
 */
export function formatDiagnostic(
  diagnostic: Diagnostic,
  options: { readonly colour?: boolean } = {},
): string {
  const paint = pc.createColors(options.colour ?? false);
  const { file, line, column, code, message, path, mend } = diagnostic;
  const lines = [`${paint.cyan(`${file}:${line}:${column}`)} ${paint.red(code)} ${message}`];
  if (path !== '') lines.push(`  at ${path}`);
  if (mend !== '') lines.push(`  ${paint.dim('mend:')} ${mend}`);
  return lines.join('\n');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
