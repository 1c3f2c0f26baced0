import type { SendToApi } from './api.ts';

/** Where the API server keeps a webhook configuration, which is named as in flags: `validating/NAME`, `mutating/NAME`. */
export function pathOf(configuration: string): string {
  const [kind, name] = configuration.split('/');
  return `/apis/admissionregistration.k8s.io/v1/${kind}webhookconfigurations/${name}`;
}

/** Where they are all kept. */
export const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';

/** A ValidatingWebhookConfiguration that asks about nothing that anyone makes. */
export function idleConfiguration(name: string): object {
  const rule = { apiGroups: ['nowhere.test'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['nothings'] };
  const webhook = {
    name: 'nothing.nowhere.test',
    clientConfig: { url: 'https://127.0.0.1:1/validate' },
    rules: [rule],
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
  };
  const kind = 'ValidatingWebhookConfiguration';
  return { apiVersion: 'admissionregistration.k8s.io/v1', kind, metadata: { name }, webhooks: [webhook] };
}

/** The authorities that the API server trusts for the first webhook of a configuration, in PEM; '' if none. */
export async function readCaBundle(send: SendToApi, configuration: string): Promise<string> {
  const { body } = await send('GET', pathOf(configuration));
  const { webhooks } = body as { webhooks: readonly { clientConfig: { caBundle?: string } }[] };
  return Buffer.from(webhooks[0]?.clientConfig.caBundle ?? '', 'base64').toString();
}
