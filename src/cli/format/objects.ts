import type { KubeObject } from '../../objects/object.ts';
import { outputFlag } from '../flags.ts';
import { writeJson } from './escape.ts';

/**
 * `-o` of every command that shows objects of a cluster. Each command defines `text` and `wide`. The others mean what
 * they mean to kubectl.
 */
export const objectOutput = outputFlag(['text', 'wide', 'json', 'yaml', 'name'], 'the format');

/** A format of data. */
export type DataFormat = 'json' | 'yaml';

/** Writes data of any kind. */
export async function formatData(format: DataFormat, value: object): Promise<string> {
  return format === 'json' ? writeJson(value) : (await import('./yaml.ts')).writeYaml(value);
}

/** Writes several values as kubectl does: as the `items` of a List. */
export function formatList(format: DataFormat, items: readonly object[]): Promise<string> {
  return formatData(format, { apiVersion: 'v1', kind: 'List', items });
}

/** Returns an object as kubectl shows it: without its managed fields. */
export function withoutManagedFields(object: KubeObject): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/**
 * Writes the resource, its group, a slash and the name, which kubectl and our own commands accept as the name of an
 * object.
 */
export function formatName({ apiVersion, kind, metadata }: KubeObject): string {
  const [group = ''] = apiVersion.includes('/') ? apiVersion.split('/') : [];
  return `${kind.toLowerCase()}${group === '' ? '' : `.${group}`}/${metadata.name}\n`;
}
