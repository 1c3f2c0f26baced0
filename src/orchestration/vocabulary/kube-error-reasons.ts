import { type Meaning, namesOf } from './meaning.ts';

/** The reasons of failed calls to the API server, in logs and metrics. They are not stored in the cluster. */
export const kubeErrorReasons = {
  AlreadyExists: { meaning: 'A create failed because an object has that name.' },
  Conflict: { meaning: 'The object does not have the resourceVersion or the uid that the call named.' },
  NotFound: { meaning: 'There is no such object, namespace or resource.' },
  Forbidden: { meaning: 'RBAC, a quota, a webhook or a namespace that is terminating denies the call.' },
  Invalid: {
    meaning: 'The same request can never succeed: schema, format or size (422, and 400, 405, 406, 413, 415).',
  },
  Expired: { meaning: 'The resourceVersion or page is too old (410). The client lists again.' },
  TooManyRequests: { meaning: 'The API server did not process the call. The client must try again later (429).' },
  Unauthorized: { meaning: 'The credentials are not accepted, even after the client has reloaded them (401).' },
  Unavailable: { meaning: 'The response is missing, broken or too late, or has a 5xx status.' },
  TooLarge: { meaning: 'The response has more bytes than the caller accepts.' },
  Aborted: { meaning: 'The caller cancelled the call.' },
  Unknown: { meaning: 'Any other error.' },
} as const satisfies Readonly<Record<string, Meaning>>;

/** The reason of a failed call. The union is closed, so that a switch over it can be complete. */
export type KubeErrorReason = keyof typeof kubeErrorReasons;
export const KubeErrorReason = namesOf(kubeErrorReasons);
