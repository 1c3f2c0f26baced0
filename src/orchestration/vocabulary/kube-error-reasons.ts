import { type Meaning, namesOf } from './meaning.ts';

/** Reasons of calls to the API server that failed, in logs and metrics. They are stored nowhere. */
export const kubeErrorReasons = {
  AlreadyExists: { meaning: 'A create met an object of that name.' },
  Conflict: { meaning: 'The object is not, or no longer, the one that the call named by resourceVersion or uid.' },
  NotFound: { meaning: 'There is no such object, namespace or resource.' },
  Forbidden: { meaning: 'RBAC, a quota, a webhook or a namespace that is ending refuses the call.' },
  Invalid: {
    meaning: 'The request can never succeed as it is: schema, form, size (422, and 400, 405, 406, 413, 415).',
  },
  Expired: { meaning: 'The resourceVersion or page is too old (410): what was listed is listed again.' },
  TooManyRequests: { meaning: 'The API server has not processed the call and wants it later (429).' },
  Unauthorized: { meaning: 'The credentials are not accepted, even after they were read anew (401).' },
  Unavailable: { meaning: 'There is no answer, a broken one, one too late, or a 5xx.' },
  TooLarge: { meaning: 'The answer has more bytes than the caller wants.' },
  Aborted: { meaning: 'The caller called it off.' },
  Unknown: { meaning: 'Anything else.' },
} as const satisfies Readonly<Record<string, Meaning>>;

/** Why a call failed; closed, so that a switch over it is complete. */
export type KubeErrorReason = keyof typeof kubeErrorReasons;
export const KubeErrorReason = namesOf(kubeErrorReasons);
