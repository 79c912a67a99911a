import { type AppDescription, MAIN } from '../sdk/protocol/app-description.js';
import type { AppManifest } from './app-manifest.js';
import type { ConfigProblem } from './config-problem.js';
import { nearestName } from './nearest-name.js';
import { type KeyPath, lineOfKey } from './toml-path.js';

type KnownNames = Pick<AppDescription, 'components' | 'listeners'>;

/** Names in the manifest that the built app does not have, each with the nearest it has. */
export function checkNames(
  manifest: AppManifest,
  description: KnownNames,
  source: { readonly file: string; readonly text: string } | undefined,
): readonly ConfigProblem[] {
  const components = description.components.map(({ name }) => name);
  const listeners = [...new Set(description.listeners.map(({ name }) => name))];
  const problem = (path: KeyPath, message: string, mend: string): ConfigProblem => ({
    file: source?.file,
    line: source === undefined ? undefined : lineOfKey(source.text, path),
    column: undefined,
    message,
    mend,
  });
  const unknown = (
    what: string,
    path: KeyPath,
    where: string,
    name: string,
    known: readonly string[],
  ): ConfigProblem => {
    const nearest = nearestName(name, known);
    const all = known.length === 0 ? `the app has no ${what}s` : `the app's ${what}s: ${known.join(', ')}`;
    return problem(
      path,
      `unknown ${what} \`${name}\` in ${where}`,
      nearest === undefined ? all : `did you mean \`${nearest}\`?`,
    );
  };
  const problems: ConfigProblem[] = [];
  for (const name of Object.keys(manifest.components)) {
    if (components.includes(name)) continue;
    if (name === MAIN)
      problems.push(
        problem(
          ['components', name],
          `\`${MAIN}\` is no component, in [components.${MAIN}]`,
          `write its config as [${MAIN}.config]`,
        ),
      );
    else problems.push(unknown('component', ['components', name], `[components.${name}]`, name, components));
  }
  const groups = manifest.colocate === 'all' ? [] : manifest.colocate;
  for (const name of groups.flat())
    if (!components.includes(name) && name !== MAIN)
      problems.push(unknown('component', ['colocate'], '`colocate`', name, [...components, MAIN]));
  for (const name of Object.keys(manifest.listeners))
    if (!listeners.includes(name))
      problems.push(unknown('listener', ['listeners', name], `[listeners.${name}]`, name, listeners));
  return problems;
}
