/** Giving files to a page as people do, pictures to give, and what the page shows of files. */
import { crc32, deflateSync } from "node:zlib";
import type { Locator, Page } from "playwright-core";
import type { FileView } from "../../../src/client/file-api.ts";

/** A file in somebody's hand. */
export interface HandFile {
  readonly name: string;
  readonly type: string;
  readonly bytes: Uint8Array;
}

/** Drags it over the window, and drops it there. */
export async function drag(page: Page, file: HandFile, dragged: () => Promise<unknown>): Promise<void> {
  const transfer = await page.evaluateHandle(({ name, type, base64 }) => {
    const made = new DataTransfer();
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    made.items.add(new File([bytes], name, { type }));
    return made;
  }, packed(file));
  await page.dispatchEvent("body", "dragover", { dataTransfer: transfer });
  await dragged();
  await page.dispatchEvent("body", "drop", { dataTransfer: transfer });
}

/** Pastes it into the field where one writes. */
export async function paste(page: Page, file: HandFile): Promise<void> {
  await page.locator("textarea").evaluate((area, { name, type, base64 }) => {
    const clipboardData = new DataTransfer();
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    clipboardData.items.add(new File([bytes], name, { type }));
    area.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
  }, packed(file));
}

const packed = ({ name, type, bytes }: HandFile) => ({ name, type, base64: Buffer.from(bytes).toString("base64") });

/** The card of a file in the conversation; with a state, only while it is in that: the words of one are part of another's. */
export function fileCard(page: Page, name: string, state?: FileView["state"]): Locator {
  const cards = page.locator(`.conversation .file-card${state === undefined ? "" : `[data-state=${state}]`}`);
  return cards.filter({ has: page.locator(".file-name", { hasText: name }) });
}

/** A PNG picture of one colour. */
export function png(width: number, height: number): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2], 8);
  const row = Buffer.alloc(1 + 3 * width, 0x66);
  row[0] = 0;
  const pixels = deflateSync(Buffer.concat(Array.from({ length: height }, () => row)));
  const signature = Buffer.from("89504e470d0a1a0a", "hex");
  return Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", pixels), chunk("IEND", Buffer.alloc(0))]);
}

function chunk(kind: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(kind, "latin1"), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
}
