/** What people chose for themselves, as a note in the profile. */
import type { Preferences } from "./view-state.ts";

/** Name of the note. */
export const PREFERENCES_NOTE = "preferences";
const RECENT_MAX = 48;

export const DEFAULT_PREFERENCES: Preferences = {
  theme: "system",
  textSize: "normal",
  skinTone: "none",
  recentEmoji: [],
  enterSends: true,
};

const THEMES = ["light", "dark", "system"] as const;
const SIZES = ["small", "normal", "large", "largest"] as const;

/** What a note says; what it does not say, or says wrongly, is as at first. Never throws. */
export function readPreferences(text: string): Preferences {
  const said = parsed(text);
  const { theme, textSize, skinTone, recentEmoji, enterSends } = said;
  return {
    theme: THEMES.find((each) => each === theme) ?? DEFAULT_PREFERENCES.theme,
    textSize: SIZES.find((each) => each === textSize) ?? DEFAULT_PREFERENCES.textSize,
    skinTone: typeof skinTone === "string" ? skinTone : DEFAULT_PREFERENCES.skinTone,
    recentEmoji: Array.isArray(recentEmoji)
      ? recentEmoji.filter((each) => typeof each === "string").slice(0, RECENT_MAX)
      : DEFAULT_PREFERENCES.recentEmoji,
    enterSends: typeof enterSends === "boolean" ? enterSends : DEFAULT_PREFERENCES.enterSends,
  };
}

export const writePreferences = (preferences: Preferences): string => JSON.stringify(preferences);

function parsed(text: string): Readonly<Record<keyof Preferences, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return (typeof value === "object" && value !== null ? value : {}) as Record<keyof Preferences, unknown>;
  } catch {
    return {} as Record<keyof Preferences, unknown>;
  }
}
