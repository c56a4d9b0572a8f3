/**
 * Bugs that a program of this kind must never have, as textual changes, each with the test that must fail by it.
 *
 * To add one: `file`, one place of it (`from`, which stands there exactly once) and what it becomes (`to`); `test` is a file,
 * `only` a part of a test's name where the whole file would take long, `built` true where the test runs the built program.
 */
export const BUGS = [
  {
    name: "the relay acknowledges before the transaction is committed",
    file: "relay-node/store-worker.ts",
    from: `      const outcomes = commitTogether(writes);
`,
    to: `      const outcomes = writes.map(() => ({ value: packResults(writes.map(() => ({ kind: "stored", sequence: 1 as never, duplicate: false }))) }));
      setTimeout(() => commitTogether(writes), 20);
`,
    test: "test/relay-node/killed-store.test.ts",
  },
  {
    name: "the relay acknowledges before its disk has it",
    file: "relay-node/store-schema.ts",
    from: `  const synchronous = db.pragma("synchronous", { simple: true });`,
    to: `  db.pragma("synchronous = OFF");
  const synchronous = SYNCHRONOUS_FULL;`,
    test: "test/relay-node/power-cut.test.ts",
  },
  {
    name: "the client sends before it has committed",
    file: "src/client/step-queue.ts",
    from: `  try {
    if (records.size + lines.length`,
    to: `  perform(batch.effects.splice(0));
  try {
    if (records.size + lines.length`,
    test: "test/client/step-commit.test.ts",
  },
  {
    name: "a message's signature is not checked",
    file: "src/crypto/group-message.ts",
    from: `return claim && p.verify(place.device, claim, proof.signature) ? messageIdOf(p, signed) : "forged";`,
    to: `return claim ? messageIdOf(p, signed) : "forged";`,
    test: "test/protocol/group-chat.test.ts",
  },
  {
    name: "an entry's signature is not checked",
    file: "src/protocol/membership-log.ts",
    every: true,
    from: "if (!p.verify(core.author, entrySigningBytes(hash), entry.signature))",
    to: "if (!entrySigningBytes(hash))",
    test: "test/protocol/membership-log.test.ts",
  },
  {
    name: "the relay does not check a topic's signature",
    file: "src/verify/envelope-check.ts",
    from: `return verifier.verify(topic, signed, signature) ? "valid" : "forged";`,
    to: `return signed.length > 0 ? "valid" : "forged";`,
    test: "test/net/topic-service.test.ts",
    only: "malformed or forged",
  },
  {
    name: "an iteration is used twice: the chain does not move on",
    file: "src/protocol/group-sending.ts",
    from: "  write(work, OWN_CHAIN, toHex(epoch.epoch), { chain: next });",
    to: "  write(work, OWN_CHAIN, toHex(epoch.epoch), { chain: next.iteration % 3 === 0 ? own.chain : next });",
    test: "test/protocol/group-chat.test.ts",
  },
  {
    name: "an iteration is used twice: after a kill, seen in the relay's log",
    file: "src/client/step-queue.ts",
    from: "      await store.commit({ records, lines, removedLines, lineStates });",
    to: `      await store.commit({
        records: new Map([...records].filter(([key]) => !key.startsWith("own-chain/"))),
        lines,
        removedLines,
        lineStates,
      });`,
    test: "test/e2e/client-kills.test.ts",
    built: true,
  },
  {
    name: "an answered letter to nobody is kept for ever",
    file: "src/protocol/outbox.ts",
    from: "work.nowMs - before.since > UNKNOWN_INBOX_MS",
    to: "work.nowMs - before.since > Number.MAX_VALUE",
    test: "test/protocol/outbox.test.ts",
  },
];
