import { once } from 'node:events';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { stringify } from 'yaml';
import type { Mode } from '../../src/orchestration/settings.ts';
import { installWebhooks } from '../../test/support/gate.ts';
import type { Command } from './step.ts';

/** Runs kubectl. If there is a manifest, it is the input, and `-f -` must be among the arguments. */
export function kubectl(toolArguments: readonly string[], manifest?: string): Command {
  const line = ['$ kubectl', ...toolArguments.map(quote)].join(' ');
  return {
    shown: manifest === undefined ? line : `${line} <<EOF\n${manifest.trim()}\nEOF`,
    perform: async ({ cluster }) => {
      const { code, stdout, stderr } = await cluster.kubectl(
        toolArguments,
        manifest === undefined ? {} : { input: manifest },
      );
      return { exitCode: code, output: stderr + stdout };
    },
  };
}

/** Quotes an argument for a shell. */
function quote(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", String.raw`'\''`)}'`;
}

/** Sends a manifest to a path of the API server, and prints the important parts of the Status that refuses it. */
export function post(path: string, manifest: string): Command {
  return {
    shown: `# POST ${path}, the same manifest`,
    perform: async ({ cluster: { server, caData, adminToken } }) => {
      const posted = request(server + path, {
        method: 'POST',
        agent: false,
        ca: Buffer.from(caData, 'base64'),
        headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/yaml' },
      }).end(manifest);
      const [response] = await once(posted, 'response');
      const { code, reason, message, details } = JSON.parse(await text(response));
      const status = { code, reason, message, causes: details?.causes };
      return { exitCode: code === undefined ? 0 : 1, output: stringify(status, { lineWidth: 0 }) };
    },
  };
}

/**
 * Installs the chart's webhook configurations for all namespaces, and waits until the API server calls the webhooks.
 */
export const putGateInFront: Command = {
  shown: [
    '# helm template gate charts/orchestration-gate --set webhook.url=https://127.0.0.1:… | kubectl apply -f -',
    '# and the CA of its certificate, by server-side apply',
  ].join('\n'),
  perform: async ({ cluster, gate }) => {
    const { names } = await installWebhooks(cluster, gate, { release: 'gate', namespaces: ['*'] });
    return { exitCode: 0, output: names.join('\n') };
  },
};

/** Sets the break-glass override, and waits until the gate has read it. */
export function override(mode: Mode | undefined): Command {
  return {
    shown: `# the override, which is a ConfigMap in a cluster: ${mode === undefined ? 'removed' : `mode: ${mode}`}`,
    perform: async ({ gate }) => {
      await gate.setOverride(mode);
      return { exitCode: 0, output: '' };
    },
  };
}
