/** What was said in passing comes from several sides: each is heard once. */
import { createHash } from "node:crypto";

/** Live frames that are remembered: what the groups of one person say in several minutes. */
const REMEMBERED_MAX = 1_024;

/** Answers whether these bytes are new, and remembers them. */
export function saidBefore(): (body: Uint8Array) => boolean {
  const heard = new Set<string>();
  return (body) => {
    const name = createHash("sha256").update(body).digest("base64");
    if (heard.has(name)) return false;
    heard.add(name);
    const [oldest] = heard;
    if (heard.size > REMEMBERED_MAX && oldest !== undefined) heard.delete(oldest);
    return true;
  };
}
