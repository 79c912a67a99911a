/** What generated code imports, as 'weaverd/compiled'. Not for use by hand: it changes with the generator. */
export {
  bindClass,
  boundClass,
  declareCallUnread,
  registerCompiledApp,
  registerStates,
} from './compiled.js';
export { omitField, readErrorBase, writeErrorBase } from './error-values.js';
export {
  asMalformed,
  asViolation,
  keySegment,
  MAX_NESTING,
  mismatch,
  refuseNestedInput,
  refuseNesting,
  within,
} from './mismatch.js';
export {
  countUnknownKeys,
  define,
  hasOnlyKeys,
  nearestClass,
  own,
  prototypeOf,
  recordKeys,
} from './objects.js';
export {
  MAX_SMALL_NUMBER,
  readCount,
  readNumber,
  refuseByte,
  refuseCount,
  refuseTruncated,
  writeCount,
  writeNumber,
} from './wire-numbers.js';
export { beginText, closeText, endText, openText, readText } from './wire-text.js';
