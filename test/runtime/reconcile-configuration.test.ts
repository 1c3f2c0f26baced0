import { expect, test } from 'vitest';
import { readReconcileConfiguration } from '../../src/runtime/reconcile-configuration.ts';

const VARIABLE = 'AGENTS_TOOL_RUN_CONTROLLER_SECURITY_CONTEXT';
const read = (text: string) =>
  readReconcileConfiguration({ args: [], environment: { [VARIABLE]: text }, suggest: () => undefined });

test('the security context of Tools is read as Kubernetes writes it', () => {
  expect(read('{"runAsNonRoot": true}')).toMatchObject({
    ok: true,
    configuration: { toolSecurityContext: { runAsNonRoot: true }, toolContainerSecurityContext: undefined },
  });
});

test.each(['{', '[]', 'null', 'restricted'])('a security context that is %s is refused in a sentence', (text) => {
  expect(read(text)).toEqual({
    ok: false,
    mistakes: [expect.stringMatching(new RegExp(`${VARIABLE}.*a JSON object`))],
  });
});

test.each([
  ['nothing', {}],
  ['an empty list', { AGENTS_ORCHESTRATION_CONTROLLER_NAMESPACES: '[]' }],
])('%s follows the own namespace', (_, environment) => {
  const sources = { args: ['--own-namespace=agents'], environment, suggest: () => undefined };
  expect(readReconcileConfiguration(sources)).toMatchObject({ ok: true, configuration: { namespaces: ['agents'] } });
});

test('the former name of a variable is read too, and must not say otherwise', () => {
  const read = (environment: Readonly<Record<string, string>>) =>
    readReconcileConfiguration({ args: [], environment, suggest: () => undefined });
  const former = { JANGAR_ORCHESTRATION_CONTROLLER_ENABLED: 'true' };
  for (const environment of [former, { ...former, AGENTS_ORCHESTRATION_CONTROLLER_ENABLED: 'true' }]) {
    expect(read(environment)).toMatchObject({ ok: true, configuration: { isEnabled: true } });
  }
  expect(read({ ...former, AGENTS_ORCHESTRATION_CONTROLLER_ENABLED: 'false' })).toEqual({
    ok: false,
    mistakes: [
      'AGENTS_ORCHESTRATION_CONTROLLER_ENABLED="false" and JANGAR_ORCHESTRATION_CONTROLLER_ENABLED="true" mean the same and differ; set only one of them',
    ],
  });
});
