import type { Reader } from './reader.js';
import type { Writer } from './writer.js';

/**
 * What generated code hands to the runtime: the encoders and decoders of one app. The bundle registers it
 * before the app's own modules run.
 */
export interface CompiledApp {
  readonly components: readonly CompiledComponent[];
  /** Error classes that are revived as themselves, by class id. */
  readonly errors: readonly CompiledError[];
}

export interface CompiledComponent {
  readonly name: string;
  readonly methods: readonly CompiledMethod[];
}

/**
 * Encoders check types while they write and throw {@link TypeViolation} with the path of the offending part
 * (`item.quantity`), leaving the writer's position undefined: the caller restores it. Decoders check bounds
 * and tags while they read and throw {@link MalformedInput}.
 */
export interface CompiledMethod {
  readonly name: string;
  readonly streaming: boolean;
  encodeArguments(writer: Writer, args: readonly unknown[]): void;
  decodeArguments(reader: Reader): unknown[];
  /** The result, or one item of a stream. */
  encodeResult(writer: Writer, value: unknown): void;
  decodeResult(reader: Reader): unknown;
}

export interface CompiledError {
  /** The class id given to {@link bindClass}. */
  readonly classId: string;
  /** Writes the declared fields, without message, stack and cause. */
  encodeFields(writer: Writer, error: Error): void;
  /** Reads them into an error that was already created. */
  decodeFields(reader: Reader, error: Error): void;
}

const notReadingCall = new Set<string>();

/** Called by the bundle's entry, for components whose code cannot ask for the call that is being served. */
export function declareCallUnread(components: readonly string[]): void {
  for (const name of components) notReadingCall.add(name);
}

/** Whether the component's code may ask for the call being served: anything of which the build does not know better. */
export function mayReadCall(component: string): boolean {
  return !notReadingCall.has(component);
}

type Constructor = abstract new (...args: never[]) => object;

const classes = new Map<string, Constructor>();
let compiledApp: CompiledApp | undefined;

/** Called by the bundle right after each class declaration whose instances travel. */
export function bindClass(classId: string, boundTo: Constructor): void {
  classes.set(classId, boundTo);
}

/** The class bound to the id; undefined while its module has not been evaluated. */
export function boundClass(classId: string): Constructor | undefined {
  return classes.get(classId);
}

/** Called once by the bundle's entry. */
export function registerCompiledApp(app: CompiledApp): void {
  compiledApp = app;
}

/** The codecs of what the app stores: a component for each that has states, with a "method" for each, whose result is a value. */
export interface CompiledStates {
  readonly app: CompiledApp;
  /** Avro schemas as text, by component and state. */
  readonly schemas: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

let compiledStates: CompiledStates | undefined;

/** Called once by the bundle's entry, when the app has states. */
export function registerStates(states: CompiledStates): void {
  compiledStates = states;
}

/** Undefined when the app has no states, or runs unbuilt. */
export function registeredStates(): CompiledStates | undefined {
  return compiledStates;
}

/** The app's codecs; undefined when the program runs unbuilt, as one process. */
export function registeredCompiledApp(): CompiledApp | undefined {
  return compiledApp;
}
