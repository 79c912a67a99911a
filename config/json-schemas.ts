import * as z from 'zod';
import { appManifestSchema } from './app-manifest.js';
import { daemonConfigSchema } from './daemon-config.js';

/** The JSON Schemas for editors, as the files beside this one must be; `npm run schemas` writes them. */
export function jsonSchemas(): readonly { readonly file: string; readonly text: string }[] {
  return [
    { file: 'weaver.schema.json', text: render(appManifestSchema, 'weaver.toml: a weaverd app') },
    { file: 'weaverd.schema.json', text: render(daemonConfigSchema, 'weaverd.toml: a weaverd daemon') },
  ];
}

function render(schema: z.ZodType, title: string): string {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return `${JSON.stringify({ $schema, title, ...rest }, undefined, 2)}\n`;
}
