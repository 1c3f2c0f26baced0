import type { StoredObject } from '../objects/object.ts';
import { bucketLabel, bucketOf } from '../orchestration/buckets.ts';
import { asRecord } from '../orchestration/decode.ts';
import { readDuration } from '../orchestration/durations.ts';
import { Annotation, Label } from '../orchestration/vocabulary/metadata.ts';
import type { Manifest } from './observation.ts';
import { createRenderer, type Renderer } from './template.ts';

/**
 * Names a child of a ToolRun. The same uid and parts give the same name, and nothing else gives it. At most 63
 * characters, because a Job's name becomes a label.
 */
export type NameChild = (toolRun: StoredObject['metadata'], ...parts: readonly string[]) => string;

export interface JobOptions {
  readonly nameChild: NameChild;
  /**
   * The service account of this process. No Tool may use it. Otherwise, anyone who can write Tools would have its
   * rights.
   */
  readonly ownServiceAccount: { readonly namespace: string; readonly name: string };
  /**
   * The only service accounts that Tools may use. `default` is allowed only if it is listed. If absent, Tools may use
   * all service accounts but ours.
   */
  readonly allowedServiceAccounts?: readonly string[] | undefined;
  /**
   * The security contexts of the pod and the container of every Tool, in the format of Kubernetes. If absent, the image
   * decides.
   */
  readonly securityContext?: object | undefined;
  readonly containerSecurityContext?: object | undefined;
}

/** The name of the container that runs a Tool. */
export const CONTAINER = 'tool-runner';
const VOLUME = 'run-spec';
const RUN_FILE = 'run.json';
const RUN_PATH = `/workspace/${RUN_FILE}`;

/** The name of the Tool to run. */
export function nameTool({ spec }: StoredObject): string | undefined {
  return textOf(asRecord(asRecord(spec)['toolRef'])['name']);
}

/**
 * Builds the ConfigMap whose `run.json` describes the run to the container. Its name also depends on its content. If
 * the Tool changes before there is a Job, another ConfigMap is created, so the content that a Job has mounted never
 * changes. Undefined if `spec.runtime` is nested too deeply to be written.
 */
export function buildConfigMap(toolRun: StoredObject, tool: StoredObject, nameChild: NameChild): Manifest | undefined {
  const { namespace } = toolRun.metadata;
  const text = writeJson(describeRun(toolRun, tool));
  if (text === undefined) return undefined;
  const name = nameChild(toolRun.metadata, 'spec', text);
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace, ...childMetadata(toolRun.metadata, name) },
    immutable: true,
    data: { [RUN_FILE]: text },
  };
}

/** Returns every reason why this Tool can have no Job in this namespace; empty if it can. */
export function checkTool({ spec }: StoredObject, namespace: string, options: JobOptions): readonly string[] {
  const { ownServiceAccount: own, allowedServiceAccounts: allowed } = options;
  const { image, serviceAccount } = asRecord(spec);
  const account = textOf(serviceAccount) ?? 'default';
  const mistakes: string[] = [];
  if (textOf(image) === undefined) mistakes.push('spec.image is absent: name the image to run');
  if (namespace === own.namespace && account === own.name)
    mistakes.push(`spec.serviceAccount is ${JSON.stringify(account)}, the controller's own: name another`);
  else if (allowed !== undefined && !allowed.includes(account))
    mistakes.push(
      `service account ${JSON.stringify(account)} is not allowed; allowed service accounts: ${allowed.join(', ') || 'none'}`,
    );
  return mistakes;
}

/**
 * Builds the Job of a Tool in which `checkTool` finds no mistake; undefined if the parameters make the Job too large.
 * The Job runs one pod and never a second one, because retries belong to the step. A Tool has no security settings, so
 * the options apply to all Tools.
 */
export function buildJob(
  toolRun: StoredObject,
  tool: StoredObject,
  names: { readonly job: string; readonly configMap: string },
  { securityContext, containerSecurityContext }: Pick<JobOptions, 'securityContext' | 'containerSecurityContext'>,
): Manifest | undefined {
  const { command, args, env, image, serviceAccount, workingDir, timeoutSeconds } = asRecord(tool['spec']);
  const renderer = createRenderer(describeRun(toolRun, tool));
  const owned = childMetadata(toolRun.metadata, names.job);
  const container = {
    name: CONTAINER,
    image,
    command: renderAll(command, renderer),
    args: renderAll(args, renderer),
    env: [{ name: 'TOOL_RUN_SPEC', value: RUN_PATH }, ...renderEnv(env, renderer)],
    workingDir: textOf(workingDir),
    volumeMounts: [{ name: VOLUME, mountPath: RUN_PATH, subPath: RUN_FILE }],
    securityContext: containerSecurityContext,
  };
  if (renderer.isTooLarge()) return undefined;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      ...{ name: names.job, namespace: toolRun.metadata.namespace, ...owned },
      labels: { ...owned.labels, ...bucketLabel(bucketOf(toolRun)) },
    },
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: readDuration(timeoutSeconds) || undefined,
      podFailurePolicy: buildPodFailurePolicy(),
      template: {
        metadata: { labels: owned.labels, annotations: owned.annotations },
        spec: {
          serviceAccountName: textOf(serviceAccount),
          restartPolicy: 'Never',
          securityContext,
          containers: [container],
          volumes: [{ name: VOLUME, configMap: { name: names.configMap } }],
        },
      },
    },
  };
}

/**
 * Makes the condition of the Job contain the exit code, so that no pod has to be read. Does not change which Jobs fail.
 */
function buildPodFailurePolicy(): object {
  return {
    rules: [
      { action: 'FailJob', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
      { action: 'FailJob', onExitCodes: { containerName: CONTAINER, operator: 'NotIn', values: [0] } },
    ],
  };
}

/**
 * The content of `run.json`, and what templates can refer to: both objects as they were written, without fields that
 * change by themselves, and without the annotation and the label that only this project reads.
 */
function describeRun(toolRun: StoredObject, tool: StoredObject): Readonly<Record<string, unknown>> {
  return {
    toolRun: asWritten(toolRun),
    tool: asWritten(tool),
    parameters: asRecord(asRecord(toolRun['spec'])['parameters']),
  };
}

function asWritten(object: StoredObject): object {
  const { status: _, ...written } = object;
  const { resourceVersion: __, managedFields: ___, annotations, labels, ...metadata } = object.metadata;
  const texts = {
    ...without('annotations', annotations, Annotation.ToolRunState),
    ...without('labels', labels, Label.Bucket),
  };
  return { ...written, metadata: { ...metadata, ...texts } };
}

/** Returns the field without one of its texts. Empty if there is no other text. */
function without(field: 'annotations' | 'labels', texts: unknown, key: string): object {
  const { [key]: _, ...others } = asRecord(texts);
  return Object.keys(others).length === 0 ? {} : { [field]: others };
}

/**
 * With this owner reference, a ToolRun that is deleted in the foreground waits until its children are gone. So nothing
 * is still running for a ToolRun that no longer exists. Name and owner identify a child. The label is for people. If
 * the name of the ToolRun is too long for a label, the annotation has it in full.
 */
function childMetadata({ name, uid }: StoredObject['metadata'], childName: string) {
  return {
    labels: { [Label.ToolRun]: name.length <= 63 ? name : childName },
    annotations: { [Label.ToolRun]: name },
    ownerReferences: [
      {
        apiVersion: 'tools.proompteng.ai/v1alpha1',
        kind: 'ToolRun',
        name,
        uid,
        controller: true,
        blockOwnerDeletion: true,
      },
    ],
  };
}

/**
 * Undefined if the value is nested too deeply. JSON.stringify is recursive, and fails at 5,000 levels, although the API
 * server stores such objects.
 */
function writeJson(value: object): string | undefined {
  try {
    return JSON.stringify(value, null, 2);
  } catch {
    return undefined;
  }
}

function renderAll(texts: unknown, { render }: Renderer): readonly string[] | undefined {
  return Array.isArray(texts) ? texts.map((text) => render(textOf(text) ?? '')) : undefined;
}

function renderEnv(env: unknown, { render }: Renderer): readonly object[] {
  const entries = Array.isArray(env) ? env.map(asRecord) : [];
  return entries.map(({ name, value }) => ({ name, value: render(textOf(value) ?? '') }));
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
