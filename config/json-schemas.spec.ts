import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { jsonSchemas } from './json-schemas.js';

describe('JSON Schemas for editors', () => {
  for (const { file, text } of jsonSchemas())
    it(`${file} is up to date`, () => {
      const onDisk = readFileSync(new URL(file, import.meta.url), 'utf8');
      expect(onDisk, 'stale: run `node --import tsx config/write-schemas.ts`').to.equal(text);
    });
});
