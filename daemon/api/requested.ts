import type { IncomingMessage } from 'node:http';
import type * as z from 'zod';
import { ApiError } from './api-error.js';

/** A request as a route sees it. */
export interface Requested {
  /** A named part of the path, decoded. */
  parameter(name: string): string;
  readonly query: URLSearchParams;
  /** Rejects with an ApiError for a body that is too large, no JSON, or not of the schema. */
  json<Output>(schema: z.ZodType<Output>): Promise<Output>;
  raw(): Promise<Buffer>;
}

const MAX_JSON_BYTES = 1024 * 1024;
const MAX_RAW_BYTES = 256 * 1024 * 1024;

export async function readJson<Output>(request: IncomingMessage, schema: z.ZodType<Output>): Promise<Output> {
  const bytes = await read(request, MAX_JSON_BYTES);
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new ApiError(400, 'NOT_JSON', 'the body is not JSON', undefined, { cause });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new ApiError(400, 'INVALID_BODY', `the body is not what this path takes: ${issues.join('; ')}`);
}

export function readRaw(request: IncomingMessage): Promise<Buffer> {
  return read(request, MAX_RAW_BYTES);
}

async function read(request: IncomingMessage, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += (chunk as Buffer).length;
    if (length > limit) throw new ApiError(413, 'BODY_TOO_LARGE', `the body is larger than ${limit} bytes`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

/** A whole number of the query; undefined when absent. Throws an ApiError. */
export function queryNumber(query: URLSearchParams, name: string): number | undefined {
  const given = query.get(name);
  if (given === null) return undefined;
  const value = Number(given);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new ApiError(400, 'INVALID_QUERY', `${name} must be a whole number, not ${JSON.stringify(given)}`);
}

export function queryText(query: URLSearchParams, name: string): string | undefined {
  return query.get(name) ?? undefined;
}
