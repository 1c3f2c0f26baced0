import type { TestProject } from 'vitest/node';
import type { ClusterAddress } from '../support/controlplane/cluster.ts';
import { useExistingCluster } from '../support/controlplane/existing.ts';
import { readSettings } from '../support/controlplane/settings.ts';
import { resolveTools } from '../support/controlplane/tools.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The cluster that charts are installed into. */
    node: ClusterAddress;
    /** An image that the nodes of the cluster can run, as `name:tag` or `name@digest`. */
    image: string;
    /** How long `load.test.ts` sends reviews. */
    loadSeconds: number;
    /** A shell command that kills the API server, which must come back by itself; empty where there is none. */
    killApiserver: string;
  }
}

/** Connects to the cluster of KUBECONFIG, and returns a function that disconnects. Called by vitest. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { KUBECONFIG: kubeconfig = '', IMAGE: image = '', LOAD_SECONDS = '30', KILL_APISERVER = '' } = process.env;
  const mistakes = [
    kubeconfig === '' && 'KUBECONFIG is not set: name the kubeconfig of a cluster with nodes, such as kind makes.',
    !/[:@]/.test(image) &&
      `IMAGE is ${JSON.stringify(image)}: name one that the cluster can run, as name:tag (make image).`,
    !/^[1-9]\d*$/.test(LOAD_SECONDS) && `LOAD_SECONDS is ${JSON.stringify(LOAD_SECONDS)}: give a whole number.`,
  ].filter((mistake) => mistake !== false);
  if (mistakes.length > 0) throw told(mistakes.join('\n'));
  const cluster = await useExistingCluster(kubeconfig, await resolveTools(readSettings(process.env)), process.env);
  const crds = await cluster.kubectl(['get', 'crd', '-o', 'name']);
  if (crds.stdout.includes('.proompteng.ai')) {
    await cluster.stop();
    throw told('This cluster has CRDs of proompteng.ai already, which the tests would delete: use one of its own.');
  }
  project.provide('node', cluster.address);
  project.provide('image', image);
  project.provide('loadSeconds', Number(LOAD_SECONDS));
  project.provide('killApiserver', KILL_APISERVER);
  return cluster.stop;
}

/** An error for which vitest prints only the message, not our source around it. */
function told(message: string): Error {
  const error = new Error(message);
  error.stack = message;
  return error;
}
