import type { Plan, Step } from './plan.ts';
import type { CertificatesObserver, Log } from './ports.ts';

/** Logs each condition once, however many rounds it lasts, and again when it changes. */
export interface Reporter {
  reportDone(step: Step): void;
  reportHeld(held: Plan['held']): void;
  reportMissing(configuration: string, isMissing: boolean): void;
  /** `operation` failed. `subject` is the configuration that it was for. */
  fail(operation: string, error: unknown, subject?: string): void;
  succeed(operation: string, subject?: string): void;
}

/** Creates a reporter. It remembers in memory what it has logged. */
export function createReporter(log: Log, observer: CertificatesObserver): Reporter {
  /** The last text of each topic. */
  const reported = new Map<string, string>();

  /** Whether the text differs from the last one. Undefined closes the topic. */
  function isNews(topic: string, text: string | undefined): boolean {
    if (reported.get(topic) === text) return false;
    if (text === undefined) reported.delete(topic);
    else reported.set(topic, text);
    return true;
  }

  return {
    reportDone(step) {
      if (step.type === 'IssueLeaf') observer.countIssued('leaf');
      if (step.type === 'BeginRotation') observer.countIssued('authority');
      log.info(describe(step), MESSAGE[step.type]);
    },
    reportHeld(held) {
      if (!isNews('held', held?.why) || held === undefined) return;
      if (held.isFault) log.error({ why: held.why }, 'certificates need attention');
      else log.info({ why: held.why }, 'certificates are waiting');
    },
    reportMissing(configuration, isMissing) {
      if (!isNews(`missing ${configuration}`, isMissing ? 'missing' : undefined)) return;
      if (isMissing) log.warn({ configuration }, 'no such webhook configuration: the API server does not ask the gate');
      else log.info({ configuration }, 'the webhook configuration exists');
    },
    fail(operation, error, subject) {
      observer.countFailure(operation);
      const fields = { operation, configuration: subject, error };
      if (isNews(`${operation} ${subject}`, String(error))) log.error(fields, 'certificates: failed, trying again');
    },
    succeed(operation, subject) {
      if (isNews(`${operation} ${subject}`, undefined)) {
        log.info({ operation, configuration: subject }, 'certificates: succeeded after a failure');
      }
    },
  };
}

const MESSAGE: Readonly<Record<Step['type'], string>> = {
  Publish: 'caBundle written',
  BeginRotation: 'new certificate authority issued: it is published before it signs',
  Promote: 'the new certificate authority signs from now on',
  Extend: 'the certificate authority will be trusted for longer',
  Drop: 'a certificate authority is no longer trusted: the last certificate it signed has expired',
  IssueLeaf: 'new serving certificate issued',
};

function describe(step: Step): object {
  switch (step.type) {
    case 'Publish': {
      const { name, writers } = step.configuration;
      return { configuration: name, authorities: step.bundle.length, writersBefore: writers };
    }
    case 'BeginRotation':
      return { why: step.why, trustedBefore: step.trusted.length };
    case 'IssueLeaf':
      return { why: step.why, lifetimeSeconds: Math.round(step.lifetimeMs / 1_000) };
    case 'Promote':
    case 'Extend':
    case 'Drop':
      return { trusted: step.authorities.trusted.length, leavesUntil: step.authorities.signing?.leavesUntil };
  }
}
