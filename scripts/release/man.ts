/** A command with its help, as the program prints it. */
export interface CommandHelp {
  readonly name: string;
  readonly text: string;
}

/** Reads the help of every command that the help of the program lists. */
export async function readHelp(program: (...words: string[]) => Promise<string>): Promise<CommandHelp[]> {
  const [list = ''] = (await program('help')).split(/^Help:\n/m);
  const names = [...list.matchAll(/^ {2}(\S+)/gm)].map(([, name = '']) => name);
  return Promise.all(names.map(async (name) => ({ name, text: await program('help', name) })));
}

/**
 * Writes the manual in the form of man(7): the help of the program, then that of every command, as they are printed. `epoch` is
 * in seconds since 1970.
 */
export function writeManPage(
  help: string,
  commands: readonly CommandHelp[],
  { version, epoch }: { readonly version: string; readonly epoch: number },
): string {
  const date = new Date(epoch * 1_000).toISOString().slice(0, 10);
  const section = (title: string, text: string) => `.SH ${title}\n.nf\n${escapeText(text.trimEnd())}\n.fi\n`;
  return [
    `.TH ORCHESTRATION\\-GATE 1 ${date} "orchestration\\-gate ${version}"\n`,
    '.SH NAME\norchestration\\-gate \\- check, run and watch Orchestrations\n',
    section('SYNOPSIS AND COMMANDS', help),
    ...commands.map(({ name, text }) => section(name.toUpperCase(), text)),
  ].join('');
}

/** Escapes what has a meaning in man(7): a backslash, a hyphen, and a dot or a quote at the start of a line. */
function escapeText(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll(/^(?=[.'])/gm, '\\&');
}
