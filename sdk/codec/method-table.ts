import type { CompiledApp, CompiledMethod } from './compiled.js';

/** A method and its number on the wire: its position among all methods of the app, in the order of the compiled app. */
export interface NumberedMethod {
  readonly number: number;
  readonly component: string;
  readonly compiled: CompiledMethod;
}

export function numberedMethods(app: CompiledApp): readonly NumberedMethod[] {
  let number = 0;
  return app.components.flatMap(({ name, methods }) =>
    methods.map((compiled) => ({ number: number++, component: name, compiled })),
  );
}
