import { createHash } from 'node:crypto';
import type { Component } from './components.ts';

/** What a software bill of materials is about. */
export interface Subject {
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  /** Seconds since 1970. */
  readonly epoch: number;
}

/** Writes a bill of materials as CycloneDX 1.6. The same components give the same bytes, its serial number too. */
export function writeCycloneDx(subject: Subject, components: readonly Component[]): string {
  const main = {
    type: 'application',
    'bom-ref': subject.purl,
    name: subject.name,
    version: subject.version,
    purl: subject.purl,
  };
  const body = {
    metadata: { timestamp: timeOf(subject), component: { ...main, licenses: [{ expression: 'MIT' }] } },
    components: components.map(({ name, version, purl, license, checksum }) => ({
      ...{ type: 'library', 'bom-ref': purl, name, version, purl },
      ...(license !== undefined && { licenses: [{ expression: license }] }),
      hashes: [{ alg: checksum.algorithm.replace('SHA', 'SHA-'), content: checksum.hex }],
    })),
    dependencies: [{ ref: subject.purl, dependsOn: components.map(({ purl }) => purl) }],
  };
  const serialNumber = `urn:uuid:${uuidOf(body)}`;
  return toText({ bomFormat: 'CycloneDX', specVersion: '1.6', serialNumber, version: 1, ...body });
}

/** Writes a bill of materials as SPDX 2.3. The same components give the same bytes, its namespace too. */
export function writeSpdx(subject: Subject, components: readonly Component[]): string {
  const main = { name: subject.name, version: subject.version, purl: subject.purl, license: 'MIT' };
  const packages = [main, ...components].map((one, at) => ({
    SPDXID: `SPDXRef-Package-${at}`,
    ...{ name: one.name, versionInfo: one.version, downloadLocation: 'NOASSERTION', filesAnalyzed: false },
    ...{ licenseConcluded: 'NOASSERTION', licenseDeclared: one.license ?? 'NOASSERTION', copyrightText: 'NOASSERTION' },
    externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: one.purl }],
    ...('checksum' in one && { checksums: [{ algorithm: one.checksum.algorithm, checksumValue: one.checksum.hex }] }),
  }));
  const relate = (spdxElementId: string, relationshipType: string, relatedSpdxElement: string) => ({
    ...{ spdxElementId, relationshipType, relatedSpdxElement },
  });
  const [root, ...others] = packages.map(({ SPDXID }) => SPDXID) as [string, ...string[]];
  return toText({
    ...{ spdxVersion: 'SPDX-2.3', dataLicense: 'CC0-1.0', SPDXID: 'SPDXRef-DOCUMENT', name: subject.name },
    documentNamespace: `urn:uuid:${uuidOf(packages)}`,
    creationInfo: { created: timeOf(subject), creators: ['Tool: orchestration-gate-make-release'] },
    packages,
    relationships: [
      relate('SPDXRef-DOCUMENT', 'DESCRIBES', root),
      ...others.map((other) => relate(root, 'CONTAINS', other)),
    ],
  });
}

/** Both formats want whole seconds. */
function timeOf({ epoch }: Subject): string {
  return new Date(epoch * 1_000).toISOString().replace('.000Z', 'Z');
}

/** Returns a UUID of version 8 that only this content has. */
function uuidOf(content: object): string {
  const hex = createHash('sha256').update(JSON.stringify(content)).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function toText(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
