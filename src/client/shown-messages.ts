/** Lines of a conversation as screens see them, with the file that one brought. */
import type { MessageView } from "./api.ts";
import type { CallContext } from "./calls.ts";
import { placeOf } from "./file-transfers.ts";
import type { ConversationLine } from "./ports/profile.ts";
import { messageView } from "./views.ts";

/** What showing needs. */
export type Seen = Pick<CallContext, "store" | "files">;

/** The line; of kind `file` also how far its file is. */
export async function shownMessage({ files }: Pick<Seen, "files">, line: ConversationLine): Promise<MessageView> {
  const view = messageView(line);
  const file = line.kind === "file" ? await files?.view(placeOf(`${line.group}/${line.id}`)) : undefined;
  return file ? { ...view, file } : view;
}
