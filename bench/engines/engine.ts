import type { Resource } from '../../src/kube/resources.ts';
import type { KubeObject } from '../../src/objects/object.ts';
import type { ControlPlane } from '../../test/support/controlplane/controlplane.ts';
import type { BenchGraph } from '../graphs.ts';

export type Ending = 'Succeeded' | 'Failed';

/** The place of a child: the names of its run and of its step. */
export interface Place {
  readonly run: string;
  readonly step: string;
}

/** How an engine is started. */
export interface Program {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Answers 200 when the program is up. */
  readonly healthUrl: string;
}

export interface Ports {
  readonly health: number;
  readonly metrics: number;
}

/** An object to store before the runs. */
export interface Definition {
  readonly resource: Resource;
  readonly object: KubeObject;
}

/** One side of the comparison: how to install and start an engine, and what its objects look like. */
export interface Engine {
  readonly id: string;
  readonly title: string;
  /** The settings for throughput, and the page that documents them. */
  readonly settings: string;
  /** What the engine makes for one step, which differs between engines. */
  readonly work: string;
  readonly runs: Resource;
  readonly children: Resource;
  /** Stores its CRDs and its configuration. */
  readonly install: (plane: ControlPlane) => Promise<void>;
  /** `ports` are two free ports: one for health, one for metrics. */
  readonly program: (kubeconfig: string, ports: Ports) => Program | Promise<Program>;
  /** The stored definition of a graph, under the name `bench`. */
  readonly define: (graph: BenchGraph, namespace: string) => readonly Definition[];
  readonly run: (name: string, namespace: string) => KubeObject;
  /** Undefined for a child that belongs to no step. */
  readonly placeOf: (child: KubeObject) => Place | undefined;
  readonly endingOf: (run: KubeObject) => Ending | undefined;
  /** The statuses that the executor of a child writes when it starts, and when it ends. */
  readonly running: (child: KubeObject) => object;
  readonly ended: (child: KubeObject, ending: Ending) => object;
}

export const DEFINITION = 'bench';

export function objectOf(resource: Resource, namespace: string, name: string, spec: object): KubeObject {
  const { group, version, kind } = resource;
  return { apiVersion: `${group}/${version}`, kind, metadata: { name, namespace }, spec };
}

/** Namespace of the engine itself, and its service account there. */
export const HOME = 'bench-engine';
export const ACCOUNT = 'engine';

/** Waits for kubectl. If it fails, throws its error output. */
export async function mustRun(result: ReturnType<ControlPlane['kubectl']>): Promise<string> {
  const { code, stdout, stderr } = await result;
  if (code !== 0) throw new Error(stderr);
  return stdout;
}
