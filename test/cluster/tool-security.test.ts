import { beforeAll, expect, it } from 'vitest';
import { describeNeeding, sharedCluster } from '../support/controlplane/suite.ts';
import { createKubelet } from '../support/kubelet.ts';
import type { StoredObject } from '../support/namespaced-api.ts';
import { type ReconciledNamespace, useReconciledNamespace } from '../support/reconciler.ts';
import { jobOf } from '../support/tool-runs.ts';

const enabled = { AGENTS_TOOL_RUN_CONTROLLER_ENABLED: 'true', POD_SERVICE_ACCOUNT: 'orchestration-gate' };
/** As in docs/how-to/restricted-tools.md. */
const restricted = {
  AGENTS_TOOL_RUN_CONTROLLER_SECURITY_CONTEXT:
    '{"runAsNonRoot": true, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}}',
  AGENTS_TOOL_RUN_CONTROLLER_CONTAINER_SECURITY_CONTEXT:
    '{"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}',
};

/** Makes the namespace refuse pods that Pod Security calls unsafe. */
function useRestriction(reconciled: () => ReconciledNamespace): void {
  beforeAll(async () => {
    const label = 'pod-security.kubernetes.io/enforce=restricted';
    const labelled = await sharedCluster().kubectl(['label', 'namespace', reconciled().namespace, label]);
    if (labelled.code !== 0) throw new Error(labelled.stderr);
  });
}

async function runTool({ api }: ReconciledNamespace, name: string): Promise<void> {
  await api.create('Tool', name, { spec: { image: 'alpine:3.20' } });
  await api.create('ToolRun', name, { spec: { toolRef: { name } } });
}

const readProgress = ({ status }: StoredObject) =>
  status?.conditions?.find(({ type }: { type: string }) => type === 'Progressing');

describeNeeding(['controllers'], 'a ToolRun where Pod Security is restricted', () => {
  const reconciled = useReconciledNamespace({ environment: enabled });
  useRestriction(reconciled);

  it('reports in the API server’s words that its pod was rejected', async () => {
    await runTool(reconciled(), 'unsafe');
    const refused = await reconciled().api.waitFor(
      'ToolRun',
      'unsafe',
      (run) => readProgress(run)?.reason === 'PodRefused',
    );
    expect(refused['status'].phase).toBe('Running');
    expect(readProgress(refused).message).toContain('violates PodSecurity "restricted:latest"');
  });
});

describeNeeding(['controllers'], 'a ToolRun where Pod Security is restricted and Tools have a security context', () => {
  const reconciled = useReconciledNamespace({ environment: { ...enabled, ...restricted } });
  useRestriction(reconciled);

  it('has a pod that is let in, and ends with it', async () => {
    const { api } = reconciled();
    await runTool(reconciled(), 'safe');
    await createKubelet(api).runPod((await jobOf(api, 'safe')).metadata.name, 0);
    await api.waitFor('ToolRun', 'safe', (run) => run['status']?.phase === 'Succeeded');
  });
});
