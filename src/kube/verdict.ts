import { KubeErrorReason } from '../orchestration/vocabulary/kube-error-reasons.ts';
import type { KubeError } from './errors.ts';

/**
 * Whether the answer to a write is a verdict on the object itself, so that the API server would deny the same object
 * again. All other answers depend on circumstances that can change, so such a write waits without a limit. The first
 * matching row applies.
 *
 * | answer | is |
 * |---|---|
 * | 400 `… does not support dry run`: a webhook that was not called | no verdict |
 * | 422, 400, 413 and the like: schema, form, size; a policy, or a webhook that returns no code of its own | a verdict |
 * | 403 `… denied the request: …`: a webhook | a verdict |
 * | 403 `… denied request: …`: a ValidatingAdmissionPolicy whose reason is Forbidden | a verdict |
 * | 403 `exceeded quota`, `status unknown for quota`, `insufficient quota`: quota may become available | no verdict |
 * | 403 `User "…" cannot create …`, `cannot set blockOwnerDeletion …`: the right may be granted | no verdict |
 * | 403 `… is being terminated`: the namespace is deleted, and the run with it | no verdict |
 * | 403 `not yet ready to handle request`: the API server is starting | no verdict |
 * | 404: no such kind, or no such namespace | no verdict |
 * | 401, 408, 429, 5xx (`failed calling webhook …` among them), no answer | no verdict |
 */
export function isVerdict({ reason, message }: KubeError): boolean {
  return (
    (reason === KubeErrorReason.Invalid && !message.includes(UNASKED)) ||
    (reason === KubeErrorReason.Forbidden && DENIED.test(message))
  );
}

const UNASKED = 'does not support dry run';
const DENIED = / denied (the )?request\b/;

/**
 * Removes the prefix that the API server puts before a ValidatingAdmissionPolicy's message: object, policy and binding.
 * The prefix can be longer than the part of a message that is stored.
 */
export function shortenDenial(message: string): string {
  return message.replace(POLICY, 'policy $1 denied it: ');
}

const POLICY = /^(?:.* )?ValidatingAdmissionPolicy '([^']*)' with binding '[^']*' denied request: /;
