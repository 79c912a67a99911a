import { stripVTControlCharacters } from 'node:util';

/**
 * Text that others wrote, such as an app's log message, made safe for a terminal: without escape sequences, and with other
 * control characters than line breaks and tabs shown as `\x07`.
 */
export function printable(text: string): string {
  return stripVTControlCharacters(text)
    .replaceAll('\r\n', '\n')
    .replace(CONTROLS, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** Cuts to so many characters, the last of them `…`. */
export function truncate(text: string, width: number): string {
  const characters = [...text];
  if (characters.length <= width) return text;
  return width < 1 ? '' : `${characters.slice(0, width - 1).join('')}…`;
}

/** Cuts a line that may hold colours to so many visible characters; colours opened are closed. */
export function truncatePainted(line: string, width: number): string {
  if ([...stripVTControlCharacters(line)].length <= width) return line;
  let left = width - 1;
  let cut = '';
  for (const part of line.split(COLOUR_SEQUENCE)) {
    if (part.startsWith('\u001b[')) {
      cut += part;
      continue;
    }
    const characters = [...part];
    cut += characters.slice(0, Math.max(0, left)).join('');
    if (characters.length > left && left >= 0) cut += width < 1 ? '' : '…';
    left = characters.length > left ? -1 : left - characters.length;
  }
  return cut;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character begins a colour
const COLOUR_SEQUENCE = /(\u001b\[[0-9;]*m)/;
