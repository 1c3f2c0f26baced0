import { formatGithub } from './github.ts';
import { formatJson } from './json.ts';
import { formatSarif } from './sarif.ts';
import { formatText } from './text.ts';

/** How commands that judge objects write the problems that they found. */
export const problemFormats = { text: formatText, json: formatJson, github: formatGithub, sarif: formatSarif } as const;

/** The exit code of such a command: 1 if anything is denied or, if it is strict, warned about. */
export function exitCodeOf(
  { problems }: { readonly problems: readonly { readonly severity: 'deny' | 'warn' }[] },
  isStrict: boolean | undefined,
): 0 | 1 {
  return problems.some(({ severity }) => severity === 'deny' || isStrict === true) ? 1 : 0;
}
