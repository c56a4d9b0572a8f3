/** Where one writes: several lines, emoji, files by drag, paste and button, a draft that stays. */
import {
  type ClipboardEvent,
  type FormEvent,
  type KeyboardEvent,
  lazy,
  type RefObject,
  Suspense,
  useEffect,
  useRef,
  useState,
} from "react";
import { Button, IconButton } from "../parts/button.tsx";
import { Icon } from "../parts/icon.tsx";
import { useScreen, useView } from "../screen-context.ts";
import { words } from "../words.ts";
import { AttachedFiles } from "./attached-files.tsx";
import { type Draft, useDraft } from "./draft.ts";
import { useFileDrop } from "./file-drop.ts";
import { useUploads } from "./uploads.ts";

const EmojiPanel = lazy(async () => ({ default: (await import("./emoji-panel.tsx")).EmojiPanel }));

/** Longest message, in bytes of UTF-8 (`send` in src/client/api.ts). */
const TEXT_MAX_BYTES = 60_000;
/** Letters from which on counting bytes is worth it: no letter has more than 3 bytes a unit. */
const COUNT_FROM = TEXT_MAX_BYTES / 3;

const isTooLong = (text: string): boolean =>
  text.length > COUNT_FROM && new TextEncoder().encode(text).length > TEXT_MAX_BYTES;

interface ComposerProps {
  readonly group: string;
  /** Of the group, harmless. */
  readonly name: string;
}

export function Composer({ group, name }: ComposerProps) {
  const area = useRef<HTMLTextAreaElement>(null);
  const [choosingEmoji, setChoosingEmoji] = useState(false);
  const composing = useComposing(group, area);
  const { draft, uploads, attached, tooLong, attach, detach, send, insert } = composing;
  const isDropping = useFileDrop(attach);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    send();
  };
  const closeEmoji = () => {
    setChoosingEmoji(false);
    area.current?.focus();
  };
  return (
    <>
      {isDropping && <div className="drop">{words.composer.drop}</div>}
      <form className="composer" onSubmit={submit}>
        {choosingEmoji && (
          <Suspense fallback={null}>
            <EmojiPanel onPick={insert} onClose={closeEmoji} />
          </Suspense>
        )}
        <div className="composer-sheet">
          <AttachedFiles files={attached} uploads={uploads} onRemove={detach} />
          <div className="composer-line">
            <FileButton onFiles={attach} />
            <TextArea area={area} name={name} draft={draft} onSend={send} onFiles={attach} />
            <button
              type="button"
              className="icon-button"
              aria-label={words.composer.emoji}
              title={words.composer.emoji}
              aria-expanded={choosingEmoji}
              onClick={() => setChoosingEmoji(!choosingEmoji)}
            >
              <Icon name="smile" />
            </button>
            <button
              type="submit"
              className="icon-button send"
              aria-label={words.composer.send}
              disabled={!composing.canSend}
            >
              <Icon name="send" />
            </button>
          </div>
          {tooLong && <TooLong onSend={composing.sendAsFile} />}
        </div>
      </form>
    </>
  );
}

type AreaRef = RefObject<HTMLTextAreaElement | null>;

/** What is being written in a group, and sending it. */
function useComposing(group: string, area: AreaRef) {
  const { model } = useScreen();
  const draft = useDraft(group);
  const uploads = useUploads(group);
  const [attached, setAttached] = useState<readonly File[]>([]);
  const { text } = draft;
  const tooLong = isTooLong(text);
  const canSend = !tooLong && (text.trim() !== "" || attached.length > 0);
  const send = () => {
    if (!canSend) return;
    if (text.trim() !== "") model.send(group, text);
    for (const file of attached) uploads.start(file);
    setAttached([]);
    draft.clear();
    area.current?.focus();
  };
  const sendAsFile = () => {
    uploads.start(new File([text], words.composer.fileName, { type: "text/plain" }));
    draft.clear();
  };
  const insert = (emoji: string) => {
    const field = area.current;
    const [from, to] = [field?.selectionStart ?? text.length, field?.selectionEnd ?? text.length];
    draft.change(text.slice(0, from) + emoji + text.slice(to));
    requestAnimationFrame(() => field?.setSelectionRange(from + emoji.length, from + emoji.length));
  };
  const attach = (files: Iterable<File>) => setAttached((before) => [...before, ...files]);
  const detach = (file: File) => setAttached((before) => before.filter((one) => one !== file));
  return { draft, uploads, attached, tooLong, canSend, send, sendAsFile, insert, attach, detach };
}

interface TextAreaProps {
  readonly area: AreaRef;
  readonly name: string;
  readonly draft: Draft;
  readonly onSend: () => void;
  readonly onFiles: (files: Iterable<File>) => void;
}

function TextArea({ area, name, draft, onSend, onFiles }: TextAreaProps) {
  const enterSends = useView((state) => state.preferences.enterSends);
  useFocusAtStart(area);
  const keyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.nativeEvent.isComposing) return;
    if (enterSends ? event.shiftKey : !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    onSend();
  };
  const paste = (event: ClipboardEvent) => {
    const files = [...event.clipboardData.files];
    if (files.length === 0) return;
    event.preventDefault();
    onFiles(files);
  };
  return (
    <>
      <textarea
        ref={area}
        rows={1}
        aria-label={words.composer.label(name)}
        aria-describedby="composer-hint"
        placeholder={words.composer.placeholder}
        dir="auto"
        value={draft.text}
        onChange={(event) => draft.change(event.currentTarget.value)}
        onKeyDown={keyDown}
        onPaste={paste}
      />
      <span id="composer-hint" className="heard-only">
        {enterSends ? words.composer.hintEnter : words.composer.hintControl}
      </span>
    </>
  );
}

function TooLong({ onSend }: { readonly onSend: () => void }) {
  return (
    <div className="composer-foot" role="alert">
      <span className="grow">{words.composer.tooLong}</span>
      <Button small onClick={onSend}>
        {words.composer.asFile}
      </Button>
    </div>
  );
}

function FileButton({ onFiles }: { readonly onFiles: (files: Iterable<File>) => void }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <IconButton icon="clip" label={words.composer.attach} onClick={() => input.current?.click()} />
      <input
        ref={input}
        type="file"
        multiple
        hidden
        onChange={(event) => {
          onFiles([...(event.currentTarget.files ?? [])]);
          event.currentTarget.value = "";
        }}
      />
    </>
  );
}

/** With a keyboard one writes at once; on a phone its keyboard would cover half of the messages. */
function useFocusAtStart(area: AreaRef): void {
  useEffect(() => {
    if (window.matchMedia("(pointer: fine)").matches) area.current?.focus({ preventScroll: true });
  }, [area]);
}
