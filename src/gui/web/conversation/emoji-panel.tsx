/** The emoji picker: search, skin tones, and what was used lately. Its data comes from our own server. */
import { EmojiPicker, type EmojiPickerListEmojiProps, type EmojiPickerListRowProps, type SkinTone } from "frimousse";
import { useEffect, useRef } from "react";
import { useScreen, useView } from "../screen-context.ts";
import { words } from "../words.ts";

/** Columns of the list, and recent ones that are kept: two rows. */
const COLUMNS = 8;
const RECENT_MAX = 2 * COLUMNS;
const TONES: readonly string[] = Object.keys(words.emoji.tones);

interface EmojiPanelProps {
  readonly onPick: (emoji: string) => void;
  readonly onClose: () => void;
}

export function EmojiPanel({ onPick, onClose }: EmojiPanelProps) {
  const { model } = useScreen();
  const recent = useView((state) => state.preferences.recentEmoji);
  const skinTone = useView((state) => state.preferences.skinTone);
  const frame = useRef<HTMLDivElement>(null);
  const search = useRef<HTMLInputElement>(null);
  useOutsideClick(frame, onClose);
  useEffect(() => search.current?.focus(), []);
  const pick = (emoji: string) => {
    onPick(emoji);
    model.setPreferences({ recentEmoji: [emoji, ...recent.filter((one) => one !== emoji)].slice(0, RECENT_MAX) });
  };
  return (
    <div
      ref={frame}
      className="emoji-frame"
      role="dialog"
      aria-label={words.emoji.title}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        onClose();
      }}
    >
      <EmojiPicker.Root
        className="emoji-picker"
        columns={COLUMNS}
        emojibaseUrl="/emoji"
        skinTone={(TONES.includes(skinTone) ? skinTone : "none") as SkinTone}
        onEmojiSelect={({ emoji }) => pick(emoji)}
      >
        <div className="emoji-head">
          <EmojiPicker.Search ref={search} placeholder={words.emoji.search} aria-label={words.emoji.search} />
          <EmojiPicker.SkinTone>
            {({ skinTone: tone, setSkinTone, skinToneVariations }) => (
              <button
                type="button"
                className="emoji-button"
                aria-label={words.emoji.toneNow(words.emoji.tones[tone])}
                title={words.emoji.tone}
                onClick={() => {
                  const next = (TONES[(TONES.indexOf(tone) + 1) % TONES.length] ?? "none") as SkinTone;
                  setSkinTone(next);
                  model.setPreferences({ skinTone: next });
                }}
              >
                {skinToneVariations.find((variation) => variation.skinTone === tone)?.emoji ?? "✋"}
              </button>
            )}
          </EmojiPicker.SkinTone>
        </div>
        {recent.length > 0 && (
          <section aria-label={words.emoji.recent}>
            <div className="emoji-title">{words.emoji.recent}</div>
            <div className="emoji-recent">
              {recent.slice(0, COLUMNS).map((emoji) => (
                <button key={emoji} type="button" className="emoji-button" onClick={() => pick(emoji)}>
                  {emoji}
                </button>
              ))}
            </div>
          </section>
        )}
        <EmojiPicker.Viewport>
          <EmojiPicker.Loading>{words.emoji.loading}</EmojiPicker.Loading>
          <EmojiPicker.Empty>{words.emoji.none}</EmojiPicker.Empty>
          <EmojiPicker.List components={LIST_PARTS} />
        </EmojiPicker.Viewport>
      </EmojiPicker.Root>
    </div>
  );
}

/** The library counts rows and columns from 0; screen readers begin with 1. */
function fromOne<P extends { "aria-rowindex"?: number | undefined; "aria-colindex"?: number | undefined }>(
  props: P,
): P {
  const [row, column] = [props["aria-rowindex"], props["aria-colindex"]];
  return {
    ...props,
    ...(row === undefined ? {} : { "aria-rowindex": row + 1 }),
    ...(column === undefined ? {} : { "aria-colindex": column + 1 }),
  };
}

const LIST_PARTS = {
  Row: (props: EmojiPickerListRowProps) => <div {...fromOne(props)} />,
  Emoji: ({ emoji, ...props }: EmojiPickerListEmojiProps) => (
    <button {...fromOne(props)} type="button" title={emoji.label}>
      {emoji.emoji}
    </button>
  ),
};

function useOutsideClick(frame: React.RefObject<HTMLDivElement | null>, onOutside: () => void): void {
  const latest = useRef(onOutside);
  latest.current = onOutside;
  useEffect(() => {
    const click = (event: PointerEvent) => {
      const target = event.target instanceof Element ? event.target : null;
      if (target && !frame.current?.contains(target) && !target.closest("[aria-expanded]")) latest.current();
    };
    document.addEventListener("pointerdown", click);
    return () => document.removeEventListener("pointerdown", click);
  }, [frame]);
}
