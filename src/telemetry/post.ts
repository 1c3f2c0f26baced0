import { Agent, request } from 'undici';
import { wordsOf } from '../objects/outcomes.ts';

/** The body of a request. */
export interface Message {
  readonly body: string | Uint8Array;
  readonly contentType: string;
}

/** What becomes of a message: it is taken, never taken, or tried again. */
export type Answer =
  | { readonly outcome: 'Delivered' }
  | { readonly outcome: 'Rejected'; readonly words: string }
  | { readonly outcome: 'Failed'; readonly words: string; readonly retryAfterMs?: number };

/** Sends a message once. Never throws. */
export type Post = (message: Message) => Promise<Answer>;

/** A receiver may take this long for its whole answer. */
const LONGEST_ANSWER_MS = 10_000;
/** How much of an answer is read, in characters. The client does not wait for the rest. */
const LONGEST_WORDS = 200;

/**
 * The statuses that judge the message itself, so that another attempt gets the same status. Any other status may have
 * its cause in the receiver or in the settings, such as a wrong address or token, which somebody can fix.
 */
const VERDICTS: ReadonlySet<number> = new Set([400, 413, 415, 422]);

export interface PostOptions {
  readonly url: string;
  /** Headers to add, such as Authorization. Called for each request. */
  readonly headers: () => Readonly<Record<string, string>>;
  /** The authorities to trust, in PEM; undefined for those of Node. Called for each request. */
  readonly ca: () => string | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Creates a function that posts messages to one URL. It does not follow redirects. */
export function createPost({ url, headers, ca, now }: PostOptions): Post {
  let trusted: string | undefined;
  let agent: Agent | undefined;

  function connect(): Agent {
    const authorities = ca();
    if (agent !== undefined && authorities === trusted) return agent;
    void agent?.close();
    trusted = authorities;
    agent = new Agent({ connections: 1, ...(authorities !== undefined && { connect: { ca: authorities } }) });
    return agent;
  }

  return async ({ body, contentType }) => {
    try {
      const answer = await request(url, {
        method: 'POST',
        headers: { ...headers(), 'content-type': contentType, 'user-agent': 'orchestration-gate' },
        body,
        dispatcher: connect(),
        signal: AbortSignal.timeout(LONGEST_ANSWER_MS),
      });
      // The status is enough, even if the rest of the answer never comes.
      const words = await readStart(answer.body).catch(() => '');
      return judgeAnswer(answer.statusCode, words, answer.headers['retry-after'], now());
    } catch (error) {
      return { outcome: 'Failed', words: `${url} cannot be reached: ${wordsOf(error)}` };
    }
  };
}

/** Says what the answer of a receiver means. `retryAfter` is that header: seconds, or a date. */
export function judgeAnswer(
  status: number,
  words: string,
  retryAfter: string | readonly string[] | undefined,
  nowMs: number,
): Answer {
  if (status >= 200 && status < 300) return { outcome: 'Delivered' };
  const said = `the receiver answers ${status}${words === '' ? '' : `: ${words}`}`;
  if (VERDICTS.has(status)) return { outcome: 'Rejected', words: said };
  const after = String(retryAfter);
  const delayMs = /^\d+$/.test(after) ? Number(after) * 1_000 : Date.parse(after) - nowMs;
  return { outcome: 'Failed', words: said, ...(delayMs > 0 && { retryAfterMs: delayMs }) };
}

/** The rest of the body is dropped together with its connection, if it is long. */
async function readStart(body: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length >= LONGEST_WORDS) break;
  }
  return text.slice(0, LONGEST_WORDS).trim();
}
