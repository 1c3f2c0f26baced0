import { defaultSettings, type Mode, type Settings } from '../orchestration/settings.ts';

/** The settings that hold, of which an override replaces the mode. */
export interface HeldSettings {
  readonly current: () => Settings;
  /** Whether there have been settings. */
  readonly isConfigured: () => boolean;
  readonly configure: (settings: Settings) => void;
  readonly override: () => Mode | undefined;
  /** Undefined ends it. */
  readonly setOverride: (mode: Mode | undefined) => void;
}

/** Starts with these settings, if there are any. */
export function holdSettings(first: Settings | undefined): HeldSettings {
  let configured = first;
  let override: Mode | undefined;
  let current = defaultSettings;
  const hold = () => {
    if (configured) current = { ...configured, mode: override ?? configured.mode };
  };
  hold();
  return {
    current: () => current,
    isConfigured: () => configured !== undefined,
    configure(settings) {
      configured = settings;
      hold();
    },
    override: () => override,
    setOverride(mode) {
      override = mode;
      hold();
    },
  };
}
