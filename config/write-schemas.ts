import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { jsonSchemas } from './json-schemas.js';

/** Writes the JSON Schemas that editors use: `node --import tsx config/write-schemas.ts`. */
for (const { file, text } of jsonSchemas())
  writeFileSync(fileURLToPath(new URL(file, import.meta.url)), text);
