import { expect, test } from 'vitest';
import { readReconcileConfiguration } from '../../src/runtime/reconcile-configuration.ts';

const VARIABLE = 'JANGAR_TOOL_RUN_CONTROLLER_SECURITY_CONTEXT';
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
  ['an empty list', { JANGAR_ORCHESTRATION_CONTROLLER_NAMESPACES: '[]' }],
])('%s follows the own namespace', (_, environment) => {
  const sources = { args: ['--own-namespace=agents'], environment, suggest: () => undefined };
  expect(readReconcileConfiguration(sources)).toMatchObject({ ok: true, configuration: { namespaces: ['agents'] } });
});
