import type { Source } from './source.ts';

/** A file, and its SHA-256 checksum in hexadecimal digits. */
export type Checksum = readonly [name: string, sha256: string];

export interface ProvenanceOptions extends Source {
  /** What the artifacts are made from, in addition to the commit. */
  readonly materials: readonly { readonly uri: string; readonly digest: Readonly<Record<string, string>> }[];
  /** Where the source is, as `git+https://…`. */
  readonly repository: string;
  /** Who built it: the address of a workflow, or of this project for a build by hand. */
  readonly builder: string;
}

/**
 * Writes how files were built, as an in-toto statement with the SLSA provenance predicate, version 1. The statement is
 * not signed: the workflow that publishes a release signs it.
 */
export function writeProvenance(files: readonly Checksum[], options: ProvenanceOptions): string {
  const { version, revision, epoch, materials, repository, builder } = options;
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: files.map(([name, sha256]) => ({ name, digest: { sha256 } })),
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: `${repository.replace('git+', '')}/blob/${revision}/docs/how-to/releases.md`,
        externalParameters: { command: 'make release', version, sourceDateEpoch: epoch },
        resolvedDependencies: [
          { uri: `${repository}@${revision}`, digest: { gitCommit: revision.replace('-dirty', '') } },
          ...materials,
        ],
      },
      runDetails: { builder: { id: builder } },
    },
  };
  return `${JSON.stringify(statement, null, 2)}\n`;
}
