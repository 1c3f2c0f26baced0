import { quoteName } from '../../dag/display.ts';
import type { Orchestration } from '../../orchestration/decode.ts';
import { KubeErrorReason } from '../../orchestration/vocabulary/kube-error-reasons.ts';
import { type Preview, previewChildren } from '../../reconciler/preview.ts';
import type { ChildVerdict } from './child-verdict.ts';
import { readCauses } from './failure.ts';
import { type ApiFailure, type Cluster, isApiFailure } from './port.ts';

/**
 * Lets the API server judge the child of every step that has one, with the user's rights, in a dry run that stores
 * nothing. Judges one child after the other. Throws ApiFailure if the API server cannot judge one.
 */
export async function judgeChildren(
  orchestration: Orchestration,
  cluster: Cluster,
  parameters: Readonly<Record<string, string>> = {},
): Promise<readonly ChildVerdict[]> {
  const namespace = orchestration.namespace || cluster.namespace;
  const verdicts: ChildVerdict[] = [];
  for (const { step, index, kind, child } of previewChildren(orchestration, namespace, parameters)) {
    verdicts.push({ step, index, kind, ...(await judgeChild(child, cluster)) });
  }
  return verdicts;
}

type Verdict = Pick<ChildVerdict, 'verdict' | 'problems'>;

async function judgeChild(child: Preview['child'], cluster: Cluster): Promise<Verdict> {
  if (typeof child === 'string') return say('NotChecked', child);
  const warnings: string[] = [];
  try {
    await cluster.create(child, { isDryRun: true, onWarning: (warning) => warnings.push(warning) });
    return { verdict: 'Accepted', problems: warnings.map((message) => ({ field: '', message })) };
  } catch (error) {
    if (!isApiFailure(error)) throw error;
    return explain(error, child, cluster);
  }
}

function explain(
  error: ApiFailure,
  { apiVersion, kind, metadata }: Exclude<Preview['child'], string>,
  cluster: Cluster,
): Verdict {
  const { reason, message } = error;
  if (cluster.isDenial(error)) return { verdict: 'Denied', problems: readCauses(error) };
  // A webhook does not support dry runs, so the API server did not call it.
  if (reason === KubeErrorReason.Invalid) return say('NotChecked', message);
  if (reason === KubeErrorReason.Forbidden && message.includes(' cannot create resource ')) {
    const where = `in namespace ${quoteName(metadata.namespace)}`;
    return say(
      'NotChecked',
      `your account may not create ${kind}s ${where}: this says nothing of the sidecar's rights`,
    );
  }
  if (reason === KubeErrorReason.NotFound && !message.startsWith('namespaces ')) {
    return say('Waits', `this cluster does not know ${kind}s (${apiVersion}): install the CRDs of the agents chart`);
  }
  if (reason === KubeErrorReason.Forbidden || reason === KubeErrorReason.NotFound) return say('Waits', message);
  throw error;
}

function say(verdict: ChildVerdict['verdict'], message: string): Verdict {
  return { verdict, problems: [{ field: '', message }] };
}
