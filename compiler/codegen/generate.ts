import type { AppShape } from '../../sdk/codec/shape.js';
import { AVRO } from './avro-format.js';
import { buildLayout } from './build-layout.js';
import { CodeModule } from './code-module.js';
import { type FormatOf, generateMethod, generateThrownError } from './generate-method.js';
import type { AppLayout } from './layout.js';
import { recursiveDefinitions } from './recursion.js';
import { quote, Source } from './source.js';
import { wireFormat } from './wire-format.js';

/** What generated code uses of 'weaverd/compiled'. */
const RUNTIME_NAMES = [
  'asMalformed',
  'asViolation',
  'beginText',
  'closeText',
  'countUnknownKeys',
  'define',
  'endText',
  'hasOnlyKeys',
  'keySegment',
  'MAX_NESTING',
  'mismatch',
  'nearestClass',
  'omitField',
  'openText',
  'own',
  'prototypeOf',
  'readCount',
  'readErrorBase',
  'readNumber',
  'readText',
  'recordKeys',
  'refuseByte',
  'refuseCount',
  'refuseNestedInput',
  'refuseNesting',
  'refuseTruncated',
  'within',
  'writeCount',
  'writeErrorBase',
  'writeNumber',
];

/**
 * JavaScript source of an expression whose value is the app's `CompiledApp` (sdk/codec/compiled.ts), given an
 * identifier `runtime` in scope: the exports of 'weaverd/compiled'. Names and literals of the app stand in it only
 * as string literals.
 *
 * Between proclets of one version methods speak the wire format. The format 'avro' writes and reads standard Avro binary
 * of the same schemas, for what is stored or leaves the app. Errors that are thrown are in Avro in both.
 */
export function generateCompiledApp(app: AppShape, format: 'wire' | 'avro' = 'wire'): string {
  const layout = buildLayout(app);
  const code = new CodeModule(layout, recursiveDefinitions(app.definitions), AVRO);
  const formatOf: FormatOf = format === 'wire' ? wireFormat : () => AVRO;
  const compiledApp = new Source();
  compiledApp.block('return {', () => writeApp(compiledApp, code, layout, formatOf), '};');
  const source = new Source();
  source.block(
    '(() => {',
    () => {
      source.line('"use strict";');
      source.line(`const { ${RUNTIME_NAMES.join(', ')} } = runtime;`);
      code.writeTo(source);
      source.append(compiledApp);
    },
    '})()',
  );
  return source.toString();
}

/** JavaScript source of a module that registers the app's codecs. The bundle imports it before the app's modules. */
export function generateModule(app: AppShape): string {
  return `import * as runtime from 'weaverd/compiled';\nruntime.registerCompiledApp(${generateCompiledApp(app)});\n`;
}

function writeApp(to: Source, code: CodeModule, { components, errors }: AppLayout, formatOf: FormatOf): void {
  to.block(
    'components: [',
    () => {
      for (const { name, methods } of components) {
        to.block(
          '{',
          () => {
            to.line(`name: ${quote(name)},`);
            to.block(
              'methods: [',
              () => {
                for (const method of methods) generateMethod(to, code, method, formatOf);
              },
              '],',
            );
          },
          '},',
        );
      }
    },
    '],',
  );
  to.block(
    'errors: [',
    () => {
      for (const error of errors) generateThrownError(to, code, error);
    },
    '],',
  );
}
