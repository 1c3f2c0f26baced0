import { expect, test } from 'vitest';
import { describeFailure } from '../../../src/cli/cluster/failure.ts';
import { failureOf } from './fake-cluster.ts';

const lacking = 'orchestrationruns is forbidden: User "ann" cannot get resource "orchestrationruns"';

test.each([
  ['Forbidden', lacking, `${lacking}; ask for this right, or choose another --context`],
  ['Forbidden', 'exceeded quota: runs', 'exceeded quota: runs'],
  ['Unauthorized', '', 'the API server does not accept these credentials: log in again, or choose another --context'],
  [
    'Unavailable',
    'cannot connect to the API server at https://x: refused',
    'cannot connect to the API server at https://x: refused; check that it runs, and that the kubeconfig names the right cluster',
  ],
] as const)('a call that ends with %s %j says what to do, if that is known', (reason, message, sentence) => {
  expect(describeFailure(failureOf(reason, message))).toEqual([sentence]);
});
