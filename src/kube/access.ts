import { asRecord } from '../orchestration/decode.ts';
import type { KubeClient } from './client.ts';
import { apiVersionOf, clusterResource, type Resource } from './resources.ts';

const ACCESS_REVIEWS = clusterResource(
  'authorization.k8s.io',
  'v1',
  'SelfSubjectAccessReview',
  'selfsubjectaccessreviews',
);
const USER_REVIEWS = clusterResource('authentication.k8s.io', 'v1', 'SelfSubjectReview', 'selfsubjectreviews');

/** A call as RBAC knows it. `group` is '' for the core group. */
export interface AccessQuestion {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  /** The name of the object. Without one, the question is about all objects. */
  readonly name?: string;
  readonly namespace: string;
}

export interface AccessAnswer {
  readonly allowed: boolean;
  /** Why, in the words of the authorizer. It may be empty. */
  readonly reason: string;
}

/** Asks the API server whether the user of this client may make a call. Stores nothing. */
export async function reviewAccess(
  client: Pick<KubeClient, 'create'>,
  question: AccessQuestion,
): Promise<AccessAnswer> {
  const { allowed, reason, evaluationError } = await review(client, ACCESS_REVIEWS, { resourceAttributes: question });
  const words = [reason, evaluationError].filter((text) => typeof text === 'string' && text !== '');
  return { allowed: allowed === true, reason: words.join('; ') };
}

/** Returns the user name that the API server has for this client. Stores nothing. */
export async function readUserName(client: Pick<KubeClient, 'create'>): Promise<string> {
  const { username } = asRecord((await review(client, USER_REVIEWS, undefined))['userInfo']);
  return typeof username === 'string' ? username : '';
}

async function review(
  client: Pick<KubeClient, 'create'>,
  resource: Resource,
  spec: object | undefined,
): Promise<Record<string, unknown>> {
  const metadata = {} as { readonly name: string };
  const body = { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata, ...(spec && { spec }) };
  return asRecord((await client.create(resource, body))['status']);
}
