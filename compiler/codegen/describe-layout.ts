import type { Layout } from './layout.js';

/** Longer descriptions end in an ellipsis. */
const MAX_CHARACTERS = 120;

/** The layout in the words of its TypeScript type, for messages. */
export function describeLayout(layout: Layout): string {
  const text = describe(layout);
  return text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)}…` : text;
}

function describe(layout: Layout): string {
  switch (layout.kind) {
    case 'undefined-symbol':
      return 'undefined';
    case 'bytes':
      return 'Uint8Array';
    case 'date':
      return 'a valid Date';
    case 'enum':
      return layout.values.map((value) => JSON.stringify(value)).join(' | ');
    case 'array':
      return 'an array';
    case 'set':
      return 'a Set';
    case 'map':
      return 'a Map';
    case 'record':
      return 'a plain object';
    case 'tuple':
      return `an array of ${layout.items.length}${layout.rest === undefined ? '' : ' or more'}`;
    case 'union':
      return layout.branches.map((branch) => describe(branch.layout)).join(' | ');
    case 'tagged':
      return describe(layout.value);
    case 'reference':
      return layout.name;
    default:
      return layout.kind;
  }
}
