import { expect, test } from 'vitest';
import { reconcileCommand } from '../../../src/cli/commands/reconcile.ts';
import { configurationOf } from '../run-command.ts';

const VARIABLE = 'AGENTS_TOOL_RUN_CONTROLLER_SECURITY_CONTEXT';
const read = (text: string) => configurationOf(reconcileCommand, [], { [VARIABLE]: text });

test('the security context of Tools is read as Kubernetes writes it', async () => {
  expect(await read('{"runAsNonRoot": true}')).toMatchObject({
    configuration: { toolSecurityContext: { runAsNonRoot: true }, toolContainerSecurityContext: undefined },
  });
});

test.each(['{', '[]', 'null', 'restricted'])('a security context that is %s is refused in a sentence', async (text) => {
  expect(await read(text)).toEqual({
    mistakes: [expect.stringMatching(new RegExp(`${VARIABLE}.*a JSON object`))],
  });
});

test.each([
  ['nothing', {}],
  ['an empty list', { AGENTS_ORCHESTRATION_CONTROLLER_NAMESPACES: '[]' }],
])('%s follows the own namespace', async (_, environment) => {
  expect(await configurationOf(reconcileCommand, ['--own-namespace=agents'], environment)).toMatchObject({
    configuration: { namespaces: ['agents'] },
  });
});

test('the former name of a variable is read too, and must not say otherwise', async () => {
  const read = (environment: Readonly<Record<string, string>>) => configurationOf(reconcileCommand, [], environment);
  const former = { JANGAR_ORCHESTRATION_CONTROLLER_ENABLED: 'true' };
  for (const environment of [former, { ...former, AGENTS_ORCHESTRATION_CONTROLLER_ENABLED: 'true' }]) {
    expect(await read(environment)).toMatchObject({ configuration: { isEnabled: true } });
  }
  expect(await read({ ...former, AGENTS_ORCHESTRATION_CONTROLLER_ENABLED: 'false' })).toEqual({
    mistakes: [
      'AGENTS_ORCHESTRATION_CONTROLLER_ENABLED="false" and JANGAR_ORCHESTRATION_CONTROLLER_ENABLED="true" mean the same and differ; set only one of them',
    ],
  });
});
