import { type AppManifest, appManifestSchema } from '../../config/app-manifest.js';
import { ManifestError } from './groups.js';

/** Of a request to deploy the app. Throws ManifestError. */
export function readManifest(app: string, given: unknown): AppManifest {
  const parsed = appManifestSchema.safeParse(given);
  if (!parsed.success) {
    const issues = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    throw new ManifestError(`the manifest is not valid: ${issues.join('; ')}`);
  }
  const { name } = parsed.data;
  if (name !== undefined && name !== app)
    throw new ManifestError(`the manifest is of ${name}, the artifact of ${app}; build and deploy it again`);
  return parsed.data;
}
