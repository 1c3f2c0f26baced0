import { displayText, quoteName } from '../../dag/display.ts';
import type { KubeObject } from '../../objects/object.ts';
import { defaultPolicy, judgeOrchestration, type Policy, type Problem } from '../../orchestration/judge.ts';
import { parseSettings } from '../../orchestration/settings.ts';
import { KubeErrorReason } from '../../orchestration/vocabulary/kube-error-reasons.ts';
import type { ObjectProblem, Report } from '../files/report.ts';
import { CommandError, describeUnknownKind } from './failure.ts';
import { type Cluster, isApiFailure, type Where } from './port.ts';

/** A ConfigMap with settings of the gate. */
export interface SettingsName {
  readonly namespace: string;
  readonly name: string;
}

/**
 * Judges every stored Orchestration as if it were created now, whatever the mode of the settings is. Leaves out objects
 * that are being deleted. Keeps only the problems of each page in memory. Throws ApiFailure and CommandError.
 */
export async function auditStored(
  cluster: Cluster,
  where: Where,
  settings: SettingsName | undefined,
): Promise<Report<ObjectProblem>> {
  const policy = settings === undefined ? defaultPolicy : await readPolicy(cluster, settings);
  const problems: ObjectProblem[] = [];
  let [objectCount, faultyCount] = [0, 0];
  try {
    for await (const page of cluster.pages('Orchestration', where)) {
      for (const object of page.filter(({ metadata }) => metadata.deletionTimestamp === undefined)) {
        const found = judge(object, policy);
        objectCount++;
        if (found.length > 0) faultyCount++;
        problems.push(...found);
      }
    }
  } catch (error) {
    if (isApiFailure(error) && error.reason === KubeErrorReason.NotFound)
      throw new CommandError(describeUnknownKind('Orchestration'));
    throw error;
  }
  return { problems, objectCount, faultyCount, ignoredCount: 0 };
}

function judge(object: KubeObject, policy: Policy): readonly ObjectProblem[] {
  const { denials, warnings } = judgeOrchestration(object, policy, Infinity);
  return [...denials, ...warnings].map((problem) => place(object, problem));
}

function place({ kind, metadata }: KubeObject, { code, severity, field, message, steps }: Problem): ObjectProblem {
  const { namespace = '', name } = metadata;
  return { kind, namespace, name, code, severity, field, message, ...(steps && { steps }) };
}

async function readPolicy(cluster: Cluster, { namespace, name }: SettingsName): Promise<Policy> {
  const where = `ConfigMap ${quoteName(name)} in namespace ${quoteName(namespace)}`;
  const entries = await cluster.getConfigMap(namespace, name).catch((error: unknown) => {
    if (isApiFailure(error) && error.reason === KubeErrorReason.NotFound)
      throw new CommandError(`there is no ${where}: name the ConfigMap with the settings of the gate`);
    throw error;
  });
  const parsed = parseSettings(new Map(Object.entries(entries)));
  if (parsed.ok) return parsed.value.policy;
  throw new CommandError(...parsed.mistakes.map((mistake) => `${where}: ${displayText(mistake)}`));
}
