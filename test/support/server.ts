import { divideMemory } from '../../src/admission/capacity.ts';
import { buildServer, type FinishedReview, type ServerOptions } from '../../src/admission/server.ts';
import { defaultSettings } from '../../src/orchestration/settings.ts';

/** A gate for tests that does not listen, and what it reported of the reviews that it answered. */
export function buildGate(options: Partial<ServerOptions> = {}) {
  const finished: FinishedReview[] = [];
  const count = { started: 0, ended: 0 };
  const gate = buildServer({
    tls: undefined,
    settings: () => defaultSettings,
    maxInFlight: 16,
    capacity: divideMemory(0, 0),
    now: () => performance.now(),
    onStart: () => count.started++,
    onFinish: (review) => finished.push(review),
    onEnd: () => count.ended++,
    ...options,
  });
  /** Sends a body by injection; text and bytes go as they are. */
  async function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Reply> {
    const reply = await gate.app.inject({
      method: 'POST',
      url: path,
      headers: { 'content-type': 'application/json', ...headers },
      payload: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
    });
    return { status: reply.statusCode, headers: reply.headers, body: reply.json() as Reply['body'] };
  }
  return { ...gate, finished, count, post };
}

/** What a gate answers: an AdmissionReview, or why there is none. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: {
    readonly apiVersion?: string;
    readonly kind?: string;
    readonly message?: string;
    readonly response?: {
      readonly uid: string;
      readonly allowed: boolean;
      readonly status?: {
        readonly code: number;
        readonly reason: string;
        readonly message: string;
        readonly details?: {
          readonly causes: readonly { readonly reason: string; readonly field: string; readonly message: string }[];
        };
      };
      readonly warnings?: readonly string[];
      readonly patchType?: string;
      readonly patch?: string;
      readonly auditAnnotations?: Readonly<Record<string, string>>;
    };
  };
}
