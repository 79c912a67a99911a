import type { Definition, MethodShape, ParameterShape, Shape } from '../sdk/codec/shape.js';

/** A shape as one would write it in TypeScript. */
export function shapeText(shape: Shape): string {
  switch (shape.kind) {
    case 'bytes':
      return 'Uint8Array';
    case 'date':
      return 'Date';
    case 'literal':
      return shape.values.map((value) => JSON.stringify(value)).join(' | ');
    case 'array':
      return `${grouped(shape.items)}[]`;
    case 'tuple': {
      const rest = shape.rest === undefined ? [] : [`...${grouped(shape.rest)}[]`];
      return `[${[...shape.items.map(shapeText), ...rest].join(', ')}]`;
    }
    case 'record':
      return `Record<string, ${shapeText(shape.values)}>`;
    case 'map':
      return `Map<${shapeText(shape.keys)}, ${shapeText(shape.values)}>`;
    case 'set':
      return `Set<${shapeText(shape.items)}>`;
    case 'union':
      return shape.branches.map(shapeText).join(' | ');
    case 'reference':
      return shape.name;
    default:
      return shape.kind;
  }
}

export function methodText({ name, parameters, result, streaming }: MethodShape): string {
  const returned = result.kind === 'undefined' && !streaming ? 'void' : shapeText(result);
  return `${name}(${parameters.map(parameterText).join(', ')}): ${streaming ? 'AsyncIterable' : 'Promise'}<${returned}>`;
}

export function definitionText(name: string, definition: Definition): string {
  if (definition.kind === 'alias') return `type ${name} = ${shapeText(definition.shape)}`;
  const fields = definition.fields.map(
    (field) => `${fieldName(field.name)}${field.optional ? '?' : ''}: ${shapeText(field.shape)}`,
  );
  const body = fields.length === 0 ? '{}' : `{ ${fields.join('; ')} }`;
  if (definition.kind === 'error') return `error ${name} ${body}`;
  return `${definition.classId === undefined ? 'interface' : 'class'} ${name} ${body}`;
}

function parameterText({ name, shape, optional, rest }: ParameterShape): string {
  if (rest) return `...${name}: ${grouped(shape)}[]`;
  return `${name}${optional ? '?' : ''}: ${shapeText(shape)}`;
}

function grouped(shape: Shape): string {
  const text = shapeText(shape);
  const isUnion = shape.kind === 'union' || (shape.kind === 'literal' && shape.values.length > 1);
  return isUnion ? `(${text})` : text;
}

function fieldName(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}
