import { KubeErrorReason } from '../orchestration/vocabulary/kube-error-reasons.ts';
import type { KubeError } from './errors.ts';

/**
 * Which answers to a write are a word on the object, so that the same object would be denied again. All others speak of the
 * circumstances, which may change without it: such a write waits, however long that takes. The first row that fits holds.
 *
 * | answer | is |
 * |---|---|
 * | 400 `… does not support dry run`: a webhook that was not asked | no verdict |
 * | 422, 400, 413 and the like: schema, form, size; a policy, and a webhook that gives no code of its own | a verdict |
 * | 403 `… denied the request: …`: a webhook | a verdict |
 * | 403 `… denied request: …`: a ValidatingAdmissionPolicy whose reason is Forbidden | a verdict |
 * | 403 `exceeded quota`, `status unknown for quota`, `insufficient quota`: room that may come | no verdict |
 * | 403 `User "…" cannot create …`, `cannot set blockOwnerDeletion …`: a right that may be granted | no verdict |
 * | 403 `… is being terminated`: the namespace ends, and the run with it | no verdict |
 * | 403 `not yet ready to handle request`: an API server that starts | no verdict |
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
 * What a ValidatingAdmissionPolicy says, without what the API server puts before it: object, policy and binding, which may be
 * longer than all that is stored of a message.
 */
export function shortenDenial(message: string): string {
  return message.replace(POLICY, 'policy $1 denied it: ');
}

const POLICY = /^(?:.* )?ValidatingAdmissionPolicy '([^']*)' with binding '[^']*' denied request: /;
