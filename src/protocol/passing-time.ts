/**
 * What time brings: everything that should be under way when the program starts, and what comes due later.
 * @see ARCHITECTURE.md § Step, commit, perform
 */
import { offerPrekeys } from "./account.ts";
import { useAccountRelays } from "./account-relays.ts";
import { openAccountTopic, refreshSnapshot } from "./account-topic.ts";
import { askForLinks } from "./account-topic-link.ts";
import { attempt } from "./attempt.ts";
import type { Work } from "./effects.ts";
import { mergeDue } from "./epoch-merges.ts";
import { eraseExpired } from "./erasure.ts";
import { putOffRekey, rekeyGroup } from "./group-change.ts";
import { forgetFormerRelays, useRelaysOf } from "./group-relays.ts";
import { sendContents } from "./group-sending.ts";
import { isRendezvousOver } from "./invite-topics.ts";
import { forgetOldTries } from "./join-refusals.ts";
import { admitDue, putOffAdmissions } from "./joining.ts";
import { askForKeys } from "./key-delivery.ts";
import { resendDue } from "./key-letters.ts";
import { linkAgainDue } from "./links-again.ts";
import { goOn, takeUp } from "./long-work.ts";
import { useRememberedAddresses } from "./member-addresses.ts";
import { askForEntries, postUnposted } from "./missing-entries.ts";
import { enterUntried, groupsToNameIn } from "./named-merges.ts";
import { divideLog } from "./old-records.ts";
import { noteLeftOver } from "./outbox.ts";
import { askForPending } from "./pairwise.ts";
import { takeLate } from "./received-entries.ts";
import { GROUP, OUT } from "./records/group.ts";
import { JOINING, REQUEST } from "./records/joining.ts";
import { TOPIC } from "./records/topic.ts";
import { reportDue, wakeForReports } from "./reports.ts";
import { read, type Step, scan, write } from "./step.ts";
import { tellSuperseded } from "./superseded-topics.ts";
import { boundLetters } from "./unsent-messages.ts";

/** Topics of one profile: epochs, inboxes and rendezvous. */
const TOPICS_MAX = 1_000_000;

/** The program starts: all that is asked for again. */
export function* start(work: Work): Step<void> {
  yield* useAccountRelays(work);
  const groups = (yield* scan(work, GROUP)).map(([, group]) => group);
  for (const group of groups.sort((a, b) => a.joinedAt - b.joinedAt)) {
    yield* divideLog(work, group.group);
    yield* forgetFormerRelays(work, group.group);
    yield* useRelaysOf(work, group);
    if (group.rekeyAt !== undefined) work.effects.push({ kind: "wake", atMs: group.rekeyAt });
  }
  for (const [, joining] of yield* scan(work, JOINING))
    work.effects.push({ kind: "use-relays", relays: joining.relays, toldBy: "us" });
  for (const [, request] of yield* scan(work, REQUEST)) work.effects.push({ kind: "wake", atMs: request.dueAt });
  yield* eraseExpired(work);
  yield* takeUp(work);
  yield* wakeForReports(work);
  yield* boundLetters(work);
  yield* noteLeftOver(work);
  yield* openAccountTopic(work);
  yield* forgetOldTries(work);
  yield* tellSuperseded(work);
  for (const [id, { topic, seed, use }] of yield* scan(work, TOPIC, "", TOPICS_MAX))
    if (use.kind === "rendezvous" && (yield* isRendezvousOver(work, use))) write(work, TOPIC, id, null);
    else
      work.effects.push({
        kind: "subscribe",
        topic,
        seed,
        inbox: use.kind === "inbox" || use.kind === "account",
        takesMail: use.kind === "inbox" || use.kind === "rendezvous",
      });
  yield* offerPrekeys(work);
  yield* useRememberedAddresses(work);
  yield* refreshSnapshot(work);
  yield* askForLinks(work);
  yield* askForPending(work);
  work.effects.push({ kind: "flush" });
}

/** Whatever is due: admissions, re-keys. */
export function* tick(work: Work): Step<void> {
  const due = new Set<string>();
  for (const [id, request] of yield* scan(work, REQUEST)) {
    if (request.dueAt <= work.nowMs) due.add(id.split("/")[0] ?? "");
  }
  for (const [id, before] of yield* scan(work, GROUP)) {
    const isTime = before.rekeyAt !== undefined && before.rekeyAt <= work.nowMs;
    // first: those who wait to be let in need the fresh key
    const isDue = isTime && (yield* read(work, OUT, id)) === undefined;
    const isRekeyed = !isDue || (yield* attempt(work, (part) => rekeyGroup(part, before)));
    if (!isRekeyed) putOffRekey(work, before);
    if (due.has(id) && !(yield* attempt(work, (part) => admitDue(part, before.group))))
      yield* putOffAdmissions(work, before.group);
  }
  yield* enterUntried(work);
  for (const group of yield* groupsToNameIn(work)) yield* attempt(work, (part) => sendContents(part, group, []));
  yield* linkAgainDue(work);
  yield* resendDue(work);
  yield* takeLate(work);
  yield* mergeDue(work);
  yield* askForKeys(work);
  yield* askForEntries(work);
  yield* postUnposted(work);
  yield* reportDue(work);
  yield* goOn(work);
  yield* eraseExpired(work);
  yield* refreshSnapshot(work);
  yield* askForLinks(work);
}
