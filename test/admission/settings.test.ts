import { expect, test } from 'vitest';
import { holdSettings } from '../../src/admission/settings.ts';
import { defaultSettings, type Settings } from '../../src/orchestration/settings.ts';

const warning: Settings = { ...defaultSettings, mode: 'warn' };

test('an override replaces only the mode, also of later settings, until it is removed', () => {
  const held = holdSettings(defaultSettings);
  held.setOverride('off');
  expect(held.current()).toEqual({ ...defaultSettings, mode: 'off' });
  held.configure({ ...warning, failurePolicy: 'Ignore' });
  expect(held.current()).toEqual({ ...warning, failurePolicy: 'Ignore', mode: 'off' });
  held.setOverride(undefined);
  expect(held.current().mode).toBe('warn');
});

test('without settings the gate is not configured, even with an override', () => {
  const held = holdSettings(undefined);
  held.setOverride('off');
  expect(held.isConfigured()).toBe(false);
  held.configure(warning);
  expect(held.isConfigured()).toBe(true);
});
