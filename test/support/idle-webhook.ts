import type { SendToApi } from './api.ts';

/** Where the API server keeps them. */
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

/** The authorities that the API server trusts for its webhook, in PEM; '' if none. */
export async function readCaBundle(send: SendToApi, name: string): Promise<string> {
  const { body } = await send('GET', `${CONFIGURATIONS}/${name}`);
  const { webhooks } = body as { webhooks: readonly { clientConfig: { caBundle?: string } }[] };
  return Buffer.from(webhooks[0]?.clientConfig.caBundle ?? '', 'base64').toString();
}
