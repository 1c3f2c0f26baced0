import { defaultSettings, type Mode, type Settings } from '../orchestration/settings.ts';

/** The settings in force. An override replaces their mode. */
export interface HeldSettings {
  readonly current: () => Settings;
  /** Whether settings were configured. */
  readonly isConfigured: () => boolean;
  readonly configure: (settings: Settings) => void;
  readonly override: () => Mode | undefined;
  /** Undefined removes the override. */
  readonly setOverride: (mode: Mode | undefined) => void;
}

/** Creates the holder, with `first` as the initial settings if given. */
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
