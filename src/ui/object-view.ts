import { readRun } from '../cli/cluster/run.ts';
import { displayName } from '../dag/display.ts';
import { controllerOf, type KubeObject } from '../objects/object.ts';
import { findCondition, listConditions } from '../orchestration/conditions.ts';
import { readDeclared } from '../orchestration/declared-parameters.ts';
import { asRecord, decodeOrchestration } from '../orchestration/decode.ts';
import { ConditionType } from '../orchestration/vocabulary/conditions.ts';
import { Annotation } from '../orchestration/vocabulary/metadata.ts';
import { describeCommand, type KubectlContext } from './command.ts';
import type { ConditionView, OrchestrationView, ParameterView, RunView } from './page/protocol.ts';
import { viewName, viewText, viewTexts } from './texts.ts';

/** Shows a run without its steps. */
export function viewRun(object: KubeObject, kubectl: KubectlContext): RunView {
  const { spec, status, isSuspended, isCancelled } = readRun(object);
  const { startedAt, finishedAt } = status;
  const { parameters = {}, deliveryId, orchestrationRef } = spec;
  const parent = controllerOf(object, 'OrchestrationRun')?.name;
  const { [Annotation.CreatedBy]: createdBy, [Annotation.ResumeFrom]: resumes } = object.metadata.annotations ?? {};
  return {
    ...viewHead(object, kubectl),
    orchestration: viewName(orchestrationRef.name),
    ...(startedAt !== undefined && { startedAt }),
    ...(finishedAt !== undefined && { finishedAt }),
    parameters: viewTexts(parameters),
    ...(deliveryId !== undefined && { deliveryId: viewText('', deliveryId).value }),
    ...(createdBy !== undefined && { createdBy: displayName(createdBy) }),
    ...(parent !== undefined && { parent }),
    ...(resumes !== undefined && { resumes: viewName(resumes) }),
    isSuspended,
    isCancelled,
  };
}

/** Shows an Orchestration without its steps. */
export function viewOrchestration(object: KubeObject, kubectl: KubectlContext): OrchestrationView {
  return { ...viewHead(object, kubectl), parameters: viewParameters(object) };
}

function viewParameters(object: KubeObject): readonly ParameterView[] {
  const declared = readDeclared(decodeOrchestration(object).orchestration);
  return [...declared].map(([name, { required, ...declaration }]) => ({
    name,
    isRequired: required === true && declaration.default === undefined,
    ...declaration,
  }));
}

function viewHead({ apiVersion, kind, metadata, status }: KubeObject, kubectl: KubectlContext) {
  const { name, namespace = '', creationTimestamp: createdAt = '' } = metadata;
  const { phase } = asRecord(status);
  const conditions = listConditions(status).map(viewCondition);
  return {
    name,
    phase: typeof phase === 'string' ? displayName(phase) : '',
    message: findCondition(conditions, ConditionType.Ready)?.message ?? '',
    createdAt,
    conditions,
    command: describeCommand({ apiVersion, kind, name, namespace }, kubectl),
  };
}

function viewCondition(condition: Readonly<Record<string, unknown>>): ConditionView {
  const textOf = (field: string) => {
    const value = condition[field];
    return typeof value === 'string' ? viewText('', value).value : '';
  };
  return {
    type: textOf('type'),
    status: textOf('status'),
    reason: textOf('reason'),
    message: textOf('message'),
    changedAt: textOf('lastTransitionTime'),
  };
}
