import { quoteName } from '../../dag/display.ts';
import { asRecord, pick } from '../decode.ts';
import { reference } from '../fields.ts';
import { readReference } from '../references.ts';
import { StepReason } from '../vocabulary/step-reasons.ts';
import type { GateKind } from './kind.ts';

const FIELDS = ['deliveryId', 'signalRef'] as const;

/**
 * A SignalDelivery with the wanted deliveryId counts whenever it was created. A SignalDelivery of the wanted signal
 * counts only if it is at least as new as the run.
 */
export const signalWait: GateKind = {
  type: 'Gate',
  name: 'SignalWait',
  does: 'waits for a SignalDelivery',
  needs: [['signalRef', 'deliveryId']],
  fields: {
    signalRef: {
      ...reference('signal signalName'),
      means: 'Name of the signal to wait for. A SignalDelivery counts if it is created with the run or after it.',
    },
    deliveryId: {
      ...reference('signalDeliveryId'),
      means: 'The deliveryId of the SignalDelivery to wait for, whenever that is created.',
    },
  },
  apiVersion: 'signals.proompteng.ai/v1alpha1',
  kind: 'SignalDelivery',
  plural: 'signaldeliveries',
  wants: (step) =>
    FIELDS.flatMap((field) => {
      const name = readReference(step, field);
      return name === undefined ? [] : [`${field}:${name}`];
    }),
  offers: ({ spec }) => {
    const { deliveryId, signalRef } = asRecord(spec);
    const names = { deliveryId, signalRef: asRecord(signalRef)['name'] };
    return FIELDS.filter((field) => typeof names[field] === 'string').map(
      (field) => `${field}:${String(names[field])}`,
    );
  },
  matches: (step, { spec, metadata }, run) => {
    const { deliveryId, signalRef } = asRecord(spec);
    const wantedDelivery = readReference(step, 'deliveryId');
    if (wantedDelivery !== undefined && deliveryId === wantedDelivery) return true;
    const signal = readReference(step, 'signalRef');
    if (signal === undefined || asRecord(signalRef)['name'] !== signal) return false;
    // A signal from before the run must not open its gate.
    return Date.parse(metadata.creationTimestamp ?? '') >= Date.parse(run.creationTimestamp);
  },
  judge: (step, [delivery]) => {
    const [wanted, signal] = FIELDS.map((field) => readReference(step, field));
    if (wanted === undefined && signal === undefined) {
      const message = 'signalRef and deliveryId are both missing: a SignalWait step needs one of them';
      return { state: 'Failed', reason: StepReason.InvalidStep, message, isFinal: true };
    }
    if (delivery === undefined) {
      const byId = wanted === undefined ? [] : [`the SignalDelivery with deliveryId ${quoteName(wanted)}`];
      const bySignal =
        signal === undefined ? [] : [`a SignalDelivery of signal ${quoteName(signal)}, created after the run`];
      return {
        state: 'Running',
        wait: { reason: StepReason.SignalPending, message: `waits for ${[...byId, ...bySignal].join(', or ')}` },
      };
    }
    return { state: 'Succeeded', message: `signal delivery ${delivery.metadata.name} arrived` };
  },
  keep: ({ spec }) => {
    const { deliveryId, signalRef } = asRecord(spec);
    return { spec: { deliveryId, signalRef: pick(signalRef, ['name']) } };
  },
};
