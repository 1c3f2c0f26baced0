import { createHash, timingSafeEqual } from 'node:crypto';

/** The parts of a request that the guard checks. Headers that were not sent are undefined. */
export interface Asked {
  readonly method: string;
  readonly host: string | undefined;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly origin: string | undefined;
  /** The header Sec-Fetch-Site, in which a browser says where a request comes from. */
  readonly site: string | undefined;
  readonly contentType: string | undefined;
}

/** The reason why a request is rejected: an HTTP status, and a sentence for the client. */
export interface Rejection {
  readonly status: 401 | 403 | 405 | 415;
  readonly sentence: string;
}

/**
 * Rejects every request that the page itself would not send. The files of the page are not secret. Data of the cluster
 * and actions need the token, in a header that another site cannot make a browser send. The other checks are a second
 * line of defence: no other site may ask for anything below `/api/`, and a form cannot send JSON.
 */
export function rejectRequest(
  { method, host, path, authorization, origin, site, contentType }: Asked,
  port: number,
  token: string,
): Rejection | undefined {
  // A site whose DNS name resolves to 127.0.0.1 reaches this server too (DNS rebinding). Only its host name differs.
  if (host !== `127.0.0.1:${port}` && host !== `localhost:${port}`) {
    return { status: 403, sentence: 'this server answers only to 127.0.0.1 and localhost' };
  }
  const isApi = path.startsWith('/api/');
  if (method !== 'GET' && !(method === 'POST' && isApi)) {
    return { status: 405, sentence: 'this server accepts only GET, and POST below /api/' };
  }
  if (!isApi) return undefined;
  if (!isSame(authorization ?? '', `Bearer ${token}`)) {
    return {
      status: 401,
      sentence: 'the token is missing or of an earlier start: open the URL that the terminal shows',
    };
  }
  const isOwn = (origin === undefined || origin === `http://${host}`) && (site === undefined || site === 'same-origin');
  if (!isOwn) return { status: 403, sentence: 'this server answers only to its own page' };
  if (method === 'POST' && contentType?.split(';')[0]?.trim().toLowerCase() !== 'application/json') {
    return { status: 415, sentence: 'this server accepts only application/json' };
  }
  return undefined;
}

/** Compares in constant time. */
function isSame(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}

/** The headers of every answer. They allow no inline code, no other origin, no text as markup, and no frame. */
export const SECURITY_HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;
