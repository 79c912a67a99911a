import type { CodeModule } from './code-module.js';
import { decode, decodeOnto } from './decoder.js';
import { encode, writePosition } from './encoder.js';
import type { Format } from './format.js';
import type { Layout, MethodLayout, ParameterLayout, ThrownErrorLayout } from './layout.js';
import { fieldOf, fieldPart, quote, type Source } from './source.js';
import { atMost, stringCount } from './string-count.js';

/** The format of a message, given how many strings it has (string-count.ts). */
export type FormatOf = (strings: number) => Format;

/** An element of `CompiledComponent.methods`. */
export function generateMethod(to: Source, code: CodeModule, method: MethodLayout, formatOf: FormatOf): void {
  const count = (layout: Layout): number => stringCount(layout, code.definitions);
  const args = code.with(formatOf(atMost(method.parameters.map(({ layout }) => count(layout)))));
  const result = code.with(formatOf(count(method.result)));
  to.block(
    '{',
    () => {
      to.line(`name: ${quote(method.name)},`);
      to.line(`streaming: ${method.streaming},`);
      encoding(to, 'encodeArguments(writer, args) {', () => {
        encodeMessage(to, args, () => encodeArguments(to, args, method.parameters));
      });
      decoding(to, 'decodeArguments(reader) {', () => decodeArguments(to, args, method.parameters));
      encoding(to, 'encodeResult(writer, value) {', () => {
        encodeMessage(to, result, () => encodeResult(to, result, method.result));
      });
      decoding(to, 'decodeResult(reader) {', () => decodeResult(to, result, method.result));
    },
    '},',
  );
}

/** An element of `CompiledApp.errors`, in the format of `code`: one in which a field can be undone. */
export function generateThrownError(
  to: Source,
  code: CodeModule,
  { classId, fields }: ThrownErrorLayout,
): void {
  to.block(
    '{',
    () => {
      to.line(`classId: ${quote(classId)},`);
      encoding(to, 'encodeFields(writer, error) {', () => {
        for (const { name, layout } of fields) {
          const [start, value] = [to.fresh('start'), to.fresh('field')];
          to.line(`const ${start} = writer.position;`);
          to.block('try {', () => {
            to.line(`const ${value} = ${fieldOf('error', name)};`);
            encode(to, code, layout, value, [fieldPart(name)]);
          });
          // A field that cannot be written must not cost the error itself.
          to.block('catch (thrown) {', () => {
            to.line('omitField(thrown);');
            to.line(`writer.position = ${start};`);
            encodeAbsent(to, code, layout);
          });
        }
      });
      decoding(to, 'decodeFields(reader, error) {', () => decodeOnto(to, code, fields, 'error'));
    },
    '},',
  );
}

function encoding(to: Source, head: string, body: () => void): void {
  methodOf(to, head, body, 'asViolation');
}

function decoding(to: Source, head: string, body: () => void): void {
  methodOf(to, head, body, 'asMalformed');
}

/** @param asCallerSees turns what was thrown within into what the method throws */
function methodOf(to: Source, head: string, body: () => void, asCallerSees: string): void {
  to.block(
    head,
    () => {
      to.line('const depth = 0;');
      to.block('try {', body);
      to.line(`catch (thrown) { throw ${asCallerSees}(thrown); }`);
    },
    '},',
  );
}

function encodeMessage(to: Source, code: CodeModule, body: () => void): void {
  code.format.encode.beginMessage(to);
  body();
  code.format.encode.endMessage(to);
}

function encodeArguments(to: Source, code: CodeModule, parameters: readonly ParameterLayout[]): void {
  parameters.forEach(({ name, layout, rest }, index) => {
    const argument = to.fresh('argument');
    to.line(`const ${argument} = args${rest ? `.slice(${index})` : `[${index}]`};`);
    encode(to, code, layout, argument, [{ text: name }]);
  });
}

/** Optional arguments that are absent at the end arrive so, that defaults and `arguments.length` mean the same. */
function decodeArguments(to: Source, code: CodeModule, parameters: readonly ParameterLayout[]): void {
  const format = code.format.decode;
  format.beginMessage(to);
  const values = parameters.map(({ layout }) => decode(to, code, layout));
  format.endMessage(to);
  let shown = parameters.map(({ rest }, index) => `${rest ? '...' : ''}${values[index]}`);
  for (const [index, { optional, rest }] of [...parameters.entries()].reverse()) {
    if (!optional && !rest) break;
    const value = values[index];
    to.line(
      `if (${rest ? `${value}.length !== 0` : `${value} !== undefined`}) return [${shown.join(', ')}];`,
    );
    shown = shown.slice(0, index);
  }
  to.line(`return [${shown.join(', ')}];`);
}

function decodeResult(to: Source, code: CodeModule, result: Layout): void {
  const format = code.format.decode;
  format.beginMessage(to);
  const value = decode(to, code, result);
  format.endMessage(to);
  to.line(`return ${value};`);
}

function encodeResult(to: Source, code: CodeModule, result: Layout): void {
  // `void` lets an implementation return anything, as TypeScript does: nobody looks at it.
  if (result.kind !== 'undefined') encode(to, code, result, 'value', []);
}

/** `undefined`, which the layout admits. */
function encodeAbsent(to: Source, code: CodeModule, layout: Layout): void {
  if (layout.kind !== 'union') return;
  const index = layout.branches.findIndex(
    (branch) => branch.layout.kind === 'undefined' || branch.layout.kind === 'undefined-symbol',
  );
  writePosition(to, code, index, layout.branches.length);
  if (layout.branches[index]?.layout.kind === 'undefined-symbol') writePosition(to, code, 0, 1);
}
