import { stringify } from 'yaml';
import type { StepKinds } from '../src/orchestration/kinds/step-kinds.ts';
import { stepKinds } from '../src/orchestration/kinds/table.ts';
import {
  GROUP,
  orchestrationRunSpecSchema,
  orchestrationRunStatusSchema,
  orchestrationSpecSchema,
  orchestrationStatusSchema,
  stepSchema,
  VERSION,
} from '../src/orchestration/schema.ts';

/** One of our kinds: the parts of its CRD that differ between kinds. */
interface Kind {
  readonly kind: string;
  readonly shortName: string;
  readonly description: string;
  readonly spec: object;
  readonly status: object;
  /** What `kubectl get` shows: the title of a column, and where its value is. */
  readonly columns: Readonly<Record<string, string>>;
}

const describeKinds = (stepKinds: StepKinds): readonly Kind[] => [
  {
    kind: 'Orchestration',
    shortName: 'orch',
    description: 'A graph of steps and their dependencies. An OrchestrationRun executes it.',
    spec: nameStepKinds(stepKinds),
    status: orchestrationStatusSchema,
    columns: {
      Phase: '.status.phase',
      Ready: '.status.conditions[?(@.type=="Ready")].status',
      Entrypoint: '.spec.entrypoint',
    },
  },
  {
    kind: 'OrchestrationRun',
    shortName: 'orchrun',
    description: 'One execution of an Orchestration.',
    spec: orchestrationRunSpecSchema,
    status: orchestrationRunStatusSchema,
    columns: {
      Phase: '.status.phase',
      // JSONPath cannot count, so the reconciler writes how many steps are done.
      Progress: '.status.conditions[?(@.type=="Progressing")].message',
      Reason: '.status.conditions[?(@.type=="Succeeded")].reason',
      Orchestration: '.spec.orchestrationRef.name',
    },
  },
];

/** Returns the schema of the spec, in which the description of a step's kind names all kinds. */
function nameStepKinds({ all }: StepKinds): object {
  const { properties } = orchestrationSpecSchema;
  const names = all.map(({ name }) => name);
  const description = `Kind of the step: ${names.slice(0, -1).join(', ')} or ${names.at(-1)}.`;
  const kind = { ...stepSchema.properties.kind, description };
  const items = { ...stepSchema, properties: { ...stepSchema.properties, kind } };
  return { ...orchestrationSpecSchema, properties: { ...properties, steps: { ...properties.steps, items } } };
}

/** Returns the CRDs as YAML, by file name. The same schema and step kinds give the same bytes. */
export function renderCrds(kinds = stepKinds): ReadonlyMap<string, string> {
  return new Map(describeKinds(kinds).map((kind) => [`${pluralOf(kind)}.yaml`, renderCrd(kind)]));
}

function renderCrd(kind: Kind): string {
  const yaml = stringify(buildCrd(kind), { lineWidth: 120, aliasDuplicateObjects: false });
  return `# Generated from src/orchestration/schema.ts by make generate: change that, not this.\n${yaml}`;
}

function buildCrd(kind: Kind): object {
  const plural = pluralOf(kind);
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${plural}.${GROUP}`,
      annotations: {
        // Before all objects of these kinds, in one Argo CD sync.
        'argocd.argoproj.io/sync-wave': '-10',
        // The deletion of a CRD deletes all objects of its kind, so neither `helm uninstall` nor Argo CD may delete it.
        'helm.sh/resource-policy': 'keep',
      },
    },
    spec: {
      group: GROUP,
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural,
        singular: kind.kind.toLowerCase(),
        shortNames: [kind.shortName],
      },
      scope: 'Namespaced',
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: [
            ...Object.entries(kind.columns).map(([name, jsonPath]) => ({ name, type: 'string', jsonPath })),
            { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
          ],
          schema: { openAPIV3Schema: buildSchema(kind) },
        },
      ],
    },
  };
}

/** `spec` is not required here: the agents chart's CRDs do not require it either, and the gate says what is missing. */
function buildSchema({ kind, description, spec, status }: Kind): object {
  return {
    type: 'object',
    description,
    properties: {
      apiVersion: { type: 'string', description: `${GROUP}/${VERSION}` },
      kind: { type: 'string', description: kind },
      metadata: { type: 'object' },
      spec,
      status,
    },
  };
}

function pluralOf({ kind }: Kind): string {
  return `${kind.toLowerCase()}s`;
}
