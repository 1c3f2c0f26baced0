import { quoteName } from '../../dag/display.ts';
import { auditStored, type SettingsName } from '../cluster/audit.ts';
import { clusterFlags } from '../cluster/flags.ts';
import { defineCommand, noOperand } from '../command.ts';
import { isObjectName, outputFlag, toggle, type ValueKind } from '../flags.ts';
import { exitCodeOf, problemFormats } from '../format/problems.ts';
import { writeYaml } from '../format/yaml.ts';

const formats = {
  ...problemFormats,
  yaml: ({ problems }: Parameters<typeof problemFormats.json>[0]) => writeYaml(problems),
} as const;

const settingsName: ValueKind<SettingsName> = {
  placeholder: 'NAMESPACE/NAME',
  expected: 'the namespace and the name of a ConfigMap, with a slash between',
  read: (text) => {
    const [namespace = '', name = '', ...others] = text.split('/');
    return others.length === 0 && isObjectName(namespace) && isObjectName(name) ? { namespace, name } : undefined;
  },
};

/** Judges the stored Orchestrations of a namespace, or of all. */
export const audit = defineCommand({
  verb: 'audit',
  details: 'It shows what the gate would deny or warn about if the objects were created now. Nothing is changed.',
  operands: noOperand,
  flags: {
    isEverywhere: { flag: 'all-namespaces', letter: 'A', kind: toggle, help: 'check all namespaces' },
    output: outputFlag(['text', 'json', 'yaml', 'github', 'sarif'], 'how problems are written'),
    isStrict: { flag: 'strict', kind: toggle, help: 'count warnings as errors' },
    settings: {
      flag: 'settings',
      kind: settingsName,
      help: 'the ConfigMap with limits and severities of the gate (default: the rules as they are)',
    },
    ...clusterFlags,
  },
  exitCodes: { 0: 'nothing would be denied', 1: 'something would be denied', 2: 'could not run' },
  examples: ['audit -n ci', 'audit -A --settings orchestration-gate/orchestration-gate-settings -o json'],
  run: ({ output, isStrict, settings, ...where }, _, { withCluster, screen }) =>
    withCluster(where, async (cluster) => {
      const report = await auditStored(cluster, where, settings);
      const place = where.isEverywhere
        ? 'all namespaces'
        : `namespace ${quoteName(where.namespace ?? cluster.namespace)}`;
      const stderr = report.objectCount === 0 ? `audit: no Orchestration in ${place}\n` : '';
      const isSilent = output === 'text' && report.objectCount === 0;
      const stdout = isSilent ? '' : formats[output](report, screen.isColored);
      return { exitCode: exitCodeOf(report, isStrict), stdout, stderr };
    }),
});
