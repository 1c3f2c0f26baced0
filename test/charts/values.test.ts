import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { checkChartValues, readValues } from '../../scripts/chart-values.ts';
import { runHelm } from '../../scripts/charts.ts';
import { rules } from '../../src/orchestration/judge.ts';
import { readSettings } from '../support/controlplane/settings.ts';
import { resolveTools } from '../support/controlplane/tools.ts';

const root = join(import.meta.dirname, '../..');
const chart = 'charts/orchestration-gate';

/** Values that contradict each other, and a part of the message that rejects them. */
const refused: readonly (readonly [values: readonly string[], told: string])[] = [
  [['orchestrationController.enabled=true', 'orchestrationController.namespaces={*}'], 'rbac.clusterScoped is false'],
  [['toolRunController.enabled=true'], 'orchestrationController.enabled is false'],
  [['toolRunController.allowedServiceAccounts={gate-orchestration-gate}'], "the sidecar's own account"],
  [['certificates.mode=certManager'], 'issuerRef.name is empty'],
  [['certificates.certManager.issuerRef.name=x'], 'certificates.mode is selfManaged'],
  [['certificates.mode=provided'], 'provided.secretName is empty'],
  [['certificates.provided.secretName=x'], 'certificates.mode is selfManaged'],
  [['replicaCount=0'], 'webhook.url is empty'],
  [['gate.drainSeconds=40'], 'terminationGracePeriodSeconds is 45 and gate.drainSeconds 40'],
  [['serviceAccount.create=false'], 'serviceAccount.name is empty'],
  [['gate.resources.limits.memory=32Mi'], 'gate.resources.limits.memory is 32Mi'],
  [['gate.resources.limits.memory=0.1Gi'], 'set it to 128Mi or more'],
  [['reconciler.resources.limits.memory=250M'], 'reconciler.resources.limits.memory is 250M'],
  [['securityContext.runAsUser=0'], 'runAsNonRoot true and runAsUser 0'],
  [['containerSecurityContext.runAsUser=0'], 'runAsNonRoot true and runAsUser 0'],
  [['containerSecurityContext.privileged=true'], 'privileged true and allowPrivilegeEscalation false'],
  [['telemetry.otlp.endpoint=http://collector:4318'], 'only runs that are executed here are reported'],
];

/** Values that are allowed but not safe, and a part of the message that warns about them. */
const unsafe: readonly (readonly [values: readonly string[], told: string])[] = [
  [['settings.mode=off'], 'settings.mode is off'],
  [['settings.mode=warn'], 'settings.mode is warn'],
  [['settings.severities.DependencyCycle=warn'], 'settings.severities.DependencyCycle is warn'],
  [['webhook.failurePolicy=Ignore'], 'webhook.failurePolicy is Ignore'],
  [['gate.resources.limits.memory=200Mi'], 'gate.resources.limits.memory is 200Mi: below 256Mi'],
  [['orchestrationController.enabled=true', 'toolRunController.enabled=true'], 'allowedServiceAccounts is empty'],
  [['orchestrationController.enabled=true', 'approvals.policy.enabled=false'], 'may approve its steps in any name'],
  [
    ['orchestrationController.enabled=true', 'telemetry.otlp.endpoint=http://c:4318', 'telemetry.otlp.headersSecret=h'],
    'reads the headers of Secret h',
  ],
  [['securityContext.runAsNonRoot=false', 'securityContext.runAsUser=0'], 'may run as root'],
  [['securityContext.runAsNonRoot=null'], 'may run as root'],
  [['containerSecurityContext.runAsNonRoot=false'], 'may run as root'],
  [
    ['containerSecurityContext.privileged=true', 'containerSecurityContext.allowPrivilegeEscalation=true'],
    'privileged is true',
  ],
  [['containerSecurityContext.allowPrivilegeEscalation=true'], 'allowPrivilegeEscalation is not false'],
];

/** Values that the schema itself rejects, and a part of its message. */
const malformed: readonly (readonly [value: string, told: string])[] = [
  ['replicas=3', "additional properties 'replicas'"],
  ['webhook.failurepolicy=Fail', "additional properties 'failurepolicy'"],
  ['certificates.mode=auto', '/certificates/mode'],
  ['controller.namespaces={*,agents}', '/controller/namespaces'],
  ['controller.namespaces={Agents}', '/controller/namespaces/0'],
  ['image.digest=sha256:abc', '/image/digest'],
  ['webhook.url=http://gate', '/webhook/url'],
  ['telemetry.otlp.endpoint=collector:4318', '/telemetry/otlp/endpoint'],
  ['telemetry.cloudEvents.url=https://me:secret@events', '/telemetry/cloudEvents/url'],
  ['webhook.url=https://gate/validate', '/webhook/url'],
  ['webhook.timeoutSeconds=31', '/webhook/timeoutSeconds'],
  ['settings.severities.DuplicateStep=warn', '/settings/severities/DuplicateStep'],
  ['settings.severities.NoSuchRule=warn', "additional properties 'NoSuchRule'"],
  ['webhook.url=https://gate other', '/webhook/url'],
  ['priorityClassName=High', '/priorityClassName'],
  ['priorityClassName=a: b', '/priorityClassName'],
  ['serviceAccount.name=a b', '/serviceAccount/name'],
  ['toolRunController.allowedServiceAccounts={a b}', '/toolRunController/allowedServiceAccounts/0'],
  ['image.repository=gate@sha256', '/image/repository'],
  ['networkPolicy.apiServerPorts={0}', '/networkPolicy/apiServerPorts/0'],
  ['orchestrationController.enabled=yes', '/orchestrationController/enabled'],
  ['approvals.enabled=false', "additional properties 'enabled'"],
];

describe('the values of the chart', () => {
  let helm: string;
  beforeAll(async () => {
    ({ helm } = await resolveTools(readSettings(process.env)));
  });
  const template = (values: readonly string[]) =>
    runHelm(root, helm, ['template', 'gate', chart, ...values.flatMap((value) => ['--set', value])]);

  it.each(refused)('are refused with a sentence where they contradict each other: %j', async (values, told) => {
    expect(await template(values)).toMatchObject({ isDone: false, output: expect.stringContaining(told) });
  });

  it.each([
    ['gate.clientCA.configMap=callers', 'configMap', { name: 'callers' }],
    ['gate.clientCA.secret=callers', 'secret', { secretName: 'callers' }],
  ])('let the gate ask callers for a certificate: %s', async (value, kind, source) => {
    const { output } = await template([value, 'gate.clientCA.key=front.crt']);
    const objects = parseAllDocuments(output).map((one) => one.toJS());
    const { spec } = objects.find((object) => object.kind === 'Deployment').spec.template;
    const { args, volumeMounts } = spec.containers.find(({ name }: { name: string }) => name === 'gate');
    expect(args).toContain('--client-ca-dir=/etc/orchestration-gate/client-ca');
    expect(volumeMounts).toContainEqual({
      name: 'client-ca',
      mountPath: '/etc/orchestration-gate/client-ca',
      readOnly: true,
    });
    const { [kind]: volume } = spec.volumes.find(({ name }: { name: string }) => name === 'client-ca');
    expect(volume).toMatchObject({ ...source, optional: true, items: [{ key: 'front.crt', path: 'ca.crt' }] });
    expect(objects.filter((object) => object.kind === 'Pod')).toEqual([]);
  });

  const readNotes = async (values: readonly string[]) => {
    const flags = values.flatMap((value) => ['--set', value]);
    const { output } = await runHelm(root, helm, ['install', 'gate', chart, '--dry-run=client', ...flags]);
    return output.slice(output.indexOf('NOTES:'));
  };

  it.each(unsafe)('are warned of in the notes where they are not safe: %j', async (values, told) => {
    expect(await readNotes(values)).toMatch(new RegExp(`WARNING: these values.*${told}`, 's'));
  });

  it('are not warned of as they are, nor where Tools have accounts of their own', async () => {
    const tools = ['orchestrationController.enabled=true', 'toolRunController.enabled=true'];
    for (const values of [[], [...tools, 'toolRunController.allowedServiceAccounts={tools}']])
      expect(await readNotes(values)).toMatch(/^NOTES:\n(?!.*WARNING).*helm test/s);
  });

  it('of the reference Application are values of the chart, and put pods before the webhooks that ask them', async () => {
    const { spec } = parse(readFileSync(join(root, chart, 'argocd/application.yaml'), 'utf8'));
    const { releaseName, valuesObject } = spec.source.helm;
    const given = [
      '--set-json',
      Object.entries(valuesObject)
        .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
        .join(','),
    ];
    const { output } = await runHelm(root, helm, ['template', releaseName, chart, ...given]);
    const waves = parseAllDocuments(output)
      .map((document) => document.toJS())
      .filter((object) => object !== null && !object.metadata.annotations?.['helm.sh/hook'])
      .map(({ kind, metadata }) => [kind, metadata.annotations?.['argocd.argoproj.io/sync-wave']]);
    const isWebhook = ([kind]: readonly string[]) => kind?.endsWith('WebhookConfiguration') === true;
    expect(new Set(waves.filter(isWebhook).map(([, wave]) => wave))).toEqual(new Set(['-4']));
    expect(new Set(waves.filter((one) => !isWebhook(one)).map(([, wave]) => wave))).toEqual(new Set(['-5']));
  });

  it('say on which ports the sidecar may reach the API server', async () => {
    const read = async (values: readonly string[]) => {
      const { output } = await template(['networkPolicy.enabled=true', ...values]);
      const policy = parseAllDocuments(output).find((document) => document.get('kind') === 'NetworkPolicy');
      return policy?.toJS().spec.egress[0].ports.map(({ port }: { port: number }) => port);
    };
    expect(await read([])).toEqual([443, 6443]);
    expect(await read(['networkPolicy.apiServerPorts={16443}'])).toEqual([16443]);
  });

  it('are rejected for all contradictions at once', async () => {
    const together = refused.filter((_, index) => ![0, 4, 5, 11].includes(index)); // those would fix one of the others
    const { output } = await template(together.flatMap(([values]) => values));
    for (const [, told] of together) expect(output).toContain(told.replace('selfManaged', 'certManager'));
  });

  it.each(malformed)('are refused by the schema: %s', async (value, told) => {
    expect(await template([value])).toMatchObject({ isDone: false, output: expect.stringContaining(told) });
  });

  it('know every rule by its code, and by what may be done about it', () => {
    const schema = JSON.parse(readFileSync(join(root, chart, 'values.schema.json'), 'utf8'));
    const severities = rules.map(({ code, isFixed = false }) => [
      code,
      { enum: isFixed ? ['deny'] : ['deny', 'warn', 'off'] },
    ]);
    expect(schema.properties.settings.properties.severities.properties).toEqual(Object.fromEntries(severities));
  });

  it('have a comment each, which the README and the reference show', async () => {
    expect(await checkChartValues(root)).toEqual([]);
    const values = readValues('a: 1\n# About b.\nb:\n  # About c.\n  c: 2\n# All of d.\nd:\n  e: {f: 3}\n');
    expect(values).toEqual([
      { path: 'a', fallback: '1', comment: '' },
      { path: 'b.c', fallback: '2', comment: 'About c.' },
      { path: 'd', fallback: '{"e":{"f":3}}', comment: 'All of d.' },
    ]);
  });
});
