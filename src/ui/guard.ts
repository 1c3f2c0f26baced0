import { createHash, timingSafeEqual } from 'node:crypto';

export interface Asked {
  readonly method: string;
  readonly host: string | undefined;
  readonly path: string;
  readonly authorization: string | undefined;
}

/** Why a request is not answered: an HTTP status, and a sentence for whoever sent it. */
export interface Refusal {
  readonly status: 401 | 403 | 405;
  readonly sentence: string;
}

/**
 * Lets through what the page itself sends. The page's own files are no secret; whatever tells of the cluster asks for the
 * token, in a header that no other site can make a browser send.
 */
export function refuse({ method, host, path, authorization }: Asked, port: number, token: string): Refusal | undefined {
  // A site whose name was pointed at 127.0.0.1 would be same-origin with us, but for the name.
  if (host !== `127.0.0.1:${port}` && host !== `localhost:${port}`) {
    return { status: 403, sentence: 'this server answers only to 127.0.0.1 and localhost' };
  }
  if (method !== 'GET') return { status: 405, sentence: 'there is nothing to change here: only GET' };
  if (!path.startsWith('/api/')) return undefined;
  if (isSame(authorization ?? '', `Bearer ${token}`)) return undefined;
  return { status: 401, sentence: 'the token is missing or of an earlier start: open the URL that the terminal shows' };
}

/** In a time that tells nothing of how much was right. */
function isSame(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}

/** Nothing inline, nothing from elsewhere, no text that becomes markup, in no frame. */
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
