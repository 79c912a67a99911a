import type { StandardSchema } from './standard-schema.js';

/** The manifest's config of a component does not satisfy its schema. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Validates the config that the manifest gives to `owner`; throws a ConfigError that names every wrong key. */
export function validatedConfig<Output>(
  owner: string,
  config: unknown,
  schema: StandardSchema<Output>,
): Output {
  const result = schema['~standard'].validate(config);
  if (result instanceof Promise) {
    throw new ConfigError(
      `The config schema of ${owner} validates asynchronously; ctx.config needs a synchronous one.`,
    );
  }
  if (result.issues === undefined) return result.value;
  const section = owner === 'main' ? '[main.config]' : `[components.${owner}.config]`;
  const issues = result.issues.map(({ message, path = [] }) => {
    const key = path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
    return key === '' ? message : `${key}: ${message}`;
  });
  throw new ConfigError(`${section} in weaver.toml is not valid: ${issues.join('; ')}`);
}
