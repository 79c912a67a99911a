/** Lines of JavaScript with their indentation, and names that are fresh among them. */
export class Source {
  readonly #lines: string[] = [];
  #indentation = '';
  #names = 0;
  #room: Room | undefined;

  line(text: string): void {
    this.#lines.push(this.#indentation + text);
  }

  /** Lines of another source. */
  append(other: Source): void {
    for (const line of other.#lines) this.line(line);
  }

  /** `head`, the lines of `body` indented, and `tail`. */
  block(head: string, body: () => void, tail = '}'): void {
    this.line(head);
    const outer = this.#indentation;
    const room = this.#room;
    this.#indentation += '  ';
    body();
    this.#indentation = outer;
    this.line(tail);
    // What was made within may not have been made at all.
    if (this.#room !== room) this.#room = undefined;
  }

  /** A block that runs any number of times. */
  loop(head: string, body: () => void): void {
    this.#room = undefined;
    this.block(head, body);
    this.#room = undefined;
  }

  /**
   * Before lines that write at most `bytes` bytes: what comes together, whichever way it branches, is given room at once
   * by a line in front of it. In scope of that line: `writer`, its `bytes`, and the position `p`.
   */
  room(bytes: number): void {
    this.#room ??= { bytes: 0, line: this.#lines.push('') - 1, indentation: this.#indentation };
    const room = this.#room;
    room.bytes += bytes;
    this.#lines[room.line] =
      `${room.indentation}if (p + ${room.bytes} > bytes.length) bytes = writer.room(p, ${room.bytes});`;
  }

  /** After lines that took an amount of bytes that is not known. */
  closeRoom(): void {
    this.#room = undefined;
  }

  /** Declares a constant and returns its name. */
  declare(expression: string): string {
    const name = this.fresh('value');
    this.line(`const ${name} = ${expression};`);
    return name;
  }

  fresh(hint: string): string {
    return `${hint}${++this.#names}`;
  }

  toString(): string {
    return this.#lines.join('\n');
  }
}

/** Room that one line makes for several that follow. */
interface Room {
  bytes: number;
  readonly line: number;
  readonly indentation: string;
}

/** The text as a JavaScript string literal: whatever it holds, it stays text. */
export function quote(text: string): string {
  return JSON.stringify(text).replace(/[\u2028\u2029]/g, (separator) =>
    separator === '\u2028' ? '\\u2028' : '\\u2029',
  );
}

export function literal(value: string | number | boolean): string {
  if (typeof value === 'string') return quote(value);
  return Object.is(value, -0) ? '-0' : String(value);
}

/** A part of a function's name that says what it is for; any text. */
export function hint(text: string): string {
  return text.replace(/[^A-Za-z0-9]/g, '_').slice(0, 40);
}

const IDENTIFIER = /^[A-Za-z_$][A-Za-z0-9_$]*$/;
const INHERITED = new Set(Object.getOwnPropertyNames(Object.prototype));

/** Reads a field of an object. */
export function fieldOf(object: string, name: string): string {
  // Every object inherits these: only its own counts.
  if (INHERITED.has(name)) return `own(${object}, ${quote(name)})`;
  return IDENTIFIER.test(name) ? `${object}.${name}` : `${object}[${quote(name)}]`;
}

/** The key of a property in an object literal. */
export function propertyKey(name: string): string {
  // Computed, it defines a property; plain, it would set the prototype.
  return name === '__proto__' ? `["__proto__"]` : quote(name);
}

/** Where in a value generated code is: texts known now, and expressions that give their text when it fails. */
export type Path = readonly PathPart[];
type PathPart = { readonly text: string } | { readonly expression: string };

export function fieldPart(name: string): PathPart {
  return { text: IDENTIFIER.test(name) ? `.${name}` : `[${JSON.stringify(name)}]` };
}

export function indexPart(index: string): PathPart {
  return { expression: `"[" + ${index} + "]"` };
}

/** The JavaScript expression of a path's text. */
export function pathExpression(path: Path): string {
  const parts: string[] = [];
  let text = '';
  for (const part of path) {
    if ('text' in part) {
      text += part.text;
    } else {
      if (text !== '') parts.push(quote(text));
      text = '';
      parts.push(part.expression);
    }
  }
  if (text !== '' || parts.length === 0) parts.push(quote(text));
  return parts.join(' + ');
}
