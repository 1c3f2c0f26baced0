import { createModel } from '../support/model/model.ts';
import { apiOfModel } from './api.ts';
import { itConforms } from './suite.ts';

const api = apiOfModel(
  createModel(() => Date.parse('2026-01-01T00:00:00Z')),
  'agents',
);

itConforms('the model of an API server', () => api);
