import type { KubeClient } from '../../kube/client.ts';
import { ifFound } from '../../kube/errors.ts';
import { namespacedResource, type ObjectName } from '../../kube/resources.ts';
import { FieldManager } from '../../orchestration/vocabulary/metadata.ts';
import { whetherCurrent } from './configurations.ts';

const SECRETS = namespacedResource('', 'v1', 'Secret', 'secrets');

/** The content of a Secret as text. */
export interface SecretData {
  readonly version: string;
  readonly data: Readonly<Record<string, string>>;
}

/** Reads a Secret. Undefined if it does not exist. Throws KubeError. */
export async function readSecretData(
  client: Pick<KubeClient, 'get'>,
  name: ObjectName,
): Promise<SecretData | undefined> {
  const object = await ifFound(client.get(SECRETS, name));
  if (object === undefined) return undefined;
  const encoded = Object.entries((object['data'] ?? {}) as Readonly<Record<string, string>>);
  const data = Object.fromEntries(encoded.map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]));
  return { version: object.metadata.resourceVersion ?? '', data };
}

/**
 * Writes these keys of the Secret, removes those that are null, and keeps all others. Returns Outdated and changes
 * nothing if the Secret no longer has this version. Never creates the Secret. Throws KubeError.
 */
export function writeSecretData(
  client: Pick<KubeClient, 'patch'>,
  name: ObjectName,
  version: string,
  data: Readonly<Record<string, string | null>>,
): Promise<{ readonly outcome: 'Done' | 'Outdated' }> {
  const encoded = Object.entries(data).map(([key, text]) => [key, text && Buffer.from(text).toString('base64')]);
  const body = { metadata: { resourceVersion: version }, data: Object.fromEntries(encoded) };
  return whetherCurrent(
    client.patch(SECRETS, name, { type: 'merge', body }, { fieldManager: FieldManager.Certificates }),
  );
}
