import type { StoredObject } from '../objects/object.ts';
import { asRecord } from '../orchestration/decode.ts';
import { readDuration } from '../orchestration/durations.ts';
import { Annotation, Label } from '../orchestration/vocabulary/metadata.ts';
import type { Manifest } from './observation.ts';
import { createRenderer, type Renderer } from './template.ts';

/**
 * Names a child of a ToolRun: the same for the same uid and parts, and for nothing else. At most 63 characters, since a
 * Job's name becomes a label.
 */
export type NameChild = (toolRun: StoredObject['metadata'], ...parts: readonly string[]) => string;

export interface JobOptions {
  readonly nameChild: NameChild;
  /** The account this process acts under: no Tool may, or whoever writes Tools has its rights. */
  readonly ownServiceAccount: { readonly namespace: string; readonly name: string };
  /** The only accounts Tools may run under, `default` among them only if it is listed; absent allows all but our own. */
  readonly allowedServiceAccounts?: readonly string[] | undefined;
  /** Of every Tool's pod, and of its container, as Kubernetes writes them; absent, the image decides. */
  readonly securityContext?: object | undefined;
  readonly containerSecurityContext?: object | undefined;
}

const CONTAINER = 'tool-runner';
const VOLUME = 'run-spec';
const RUN_FILE = 'run.json';
const RUN_PATH = `/workspace/${RUN_FILE}`;

/** The name of the Tool to run. */
export function nameTool({ spec }: StoredObject): string | undefined {
  return textOf(asRecord(asRecord(spec)['toolRef'])['name']);
}

/**
 * The ConfigMap whose `run.json` tells the container what it runs. Named from its content too: if the Tool changes before
 * there is a Job, that is another ConfigMap, and what a Job has mounted never changes. Undefined where `spec.runtime` is
 * nested too deeply to be written.
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

/** Why this Tool can have no Job in this namespace, all mistakes at once; empty if it can. */
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
      `service account ${JSON.stringify(account)} is not allowed: allowed are ${allowed.join(', ') || 'none'}`,
    );
  return mistakes;
}

/**
 * The Job of a Tool that `checkTool` finds nothing in, or undefined where parameters make it too large. One pod, never
 * another: trying again is for the step to decide. A Tool cannot speak of security, so the options do for all of them.
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
    metadata: { name: names.job, namespace: toolRun.metadata.namespace, ...owned },
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: readDuration(timeoutSeconds) || undefined,
      podFailurePolicy: tellWhyPodsFail(),
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

/** Changes nothing about what fails: with these rules the Job's condition tells the exit code, so that no pod need be read. */
function tellWhyPodsFail(): object {
  return {
    rules: [
      { action: 'FailJob', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
      { action: 'FailJob', onExitCodes: { containerName: CONTAINER, operator: 'NotIn', values: [0] } },
    ],
  };
}

/** What `run.json` holds and templates may name: both objects as they were written, without what changes by itself. */
function describeRun(toolRun: StoredObject, tool: StoredObject): Readonly<Record<string, unknown>> {
  return {
    toolRun: asWritten(toolRun),
    tool: asWritten(tool),
    parameters: asRecord(asRecord(toolRun['spec'])['parameters']),
  };
}

function asWritten(object: StoredObject): object {
  const { status: _, ...written } = object;
  const { resourceVersion: __, managedFields: ___, annotations, ...metadata } = object.metadata;
  const { [Annotation.ToolRunState]: ____, ...others } = asRecord(annotations);
  const isAnnotated = Object.keys(others).length > 0;
  return { ...written, metadata: { ...metadata, ...(isAnnotated && { annotations: others }) } };
}

/**
 * The owner waits for its children when it is deleted in the foreground, so a ToolRun that is gone runs no more. Identity
 * is name and owner; the label is for people, who find the whole name in the annotation if it is too long for one.
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

/** The writer is recursive: 5,000 levels, which the API server stores, are too many for it. */
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
