import type { KubeObject } from '../../objects/object.ts';
import { outputFlag } from '../flags.ts';
import { writeJson } from './escape.ts';

/**
 * `-o` of every command that shows objects of a cluster. `text` and `wide` are the command's own; the others are what
 * kubectl calls so.
 */
export const objectOutput = outputFlag(['text', 'wide', 'json', 'yaml', 'name'], 'the format');

/** A format of data. */
export type DataFormat = 'json' | 'yaml';

/** Writes data of any kind. */
export async function formatData(format: DataFormat, value: object): Promise<string> {
  return format === 'json' ? writeJson(value) : (await import('./yaml.ts')).writeYaml(value);
}

/** Writes several things as kubectl does: a List, whose `items` they are. */
export function formatList(format: DataFormat, items: readonly object[]): Promise<string> {
  return formatData(format, { apiVersion: 'v1', kind: 'List', items });
}

/** Returns an object as kubectl shows it: without its managed fields. */
export function withoutManagedFields(object: KubeObject): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** The resource, its group, a slash and the name: what kubectl and our own commands take for an object. */
export function formatName({ apiVersion, kind, metadata }: KubeObject): string {
  const [group = ''] = apiVersion.includes('/') ? apiVersion.split('/') : [];
  return `${kind.toLowerCase()}${group === '' ? '' : `.${group}`}/${metadata.name}\n`;
}
