/**
 * Tables of the profile database. `user_version` counts the migrations that were applied; a released migration is
 * never edited, and test/formats keeps a database of each version.
 *
 * - `record`: the protocol's state, one sealed value per key; `slot`: what opens it (erasable-values.ts says why).
 * - `conversation`: a number for each group (64 hex digits in every index row would double the file) and the mark up
 *   to which it was read.
 * - `line`: what people read, `arrival` counting up in order of commit, never reused.
 *   `devices`: on how many devices of others, of `devices_of`, one of ours is known to be.
 *   `line_by_id` holds the ends of ids: with the whole, as ids are hashes, a message changed a page of it more.
 * - `line_text`: full-text index over `line.text`; the text itself is stored once, in `line`.
 * - `kept_topic`, `kept_envelope`: envelopes of our groups, to serve to their members (envelope-log.ts); `kept_log`: the
 *   name of that log. An envelope of which only the id is left was dropped by retention.
 */

/** Migration i brings a database from version i to i + 1. */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE record (
    key TEXT PRIMARY KEY NOT NULL,
    slot INTEGER NOT NULL REFERENCES slot (number),
    sealed BLOB NOT NULL
  ) STRICT;
  CREATE TABLE slot (
    number INTEGER PRIMARY KEY,
    secret BLOB NOT NULL CHECK (length(secret) = 32),
    free INTEGER NOT NULL CHECK (free IN (0, 1))
  ) STRICT;
  CREATE INDEX slot_free ON slot (number) WHERE free = 1;
  CREATE TABLE conversation (
    number INTEGER PRIMARY KEY,
    group_id TEXT UNIQUE NOT NULL,
    read_arrival INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE TABLE line (
    arrival INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation INTEGER NOT NULL REFERENCES conversation (number),
    id TEXT NOT NULL,
    depth INTEGER NOT NULL,
    sent_at_ms INTEGER NOT NULL,
    account TEXT NOT NULL,
    device TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    state TEXT NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX line_by_id ON line (conversation, id);
  CREATE INDEX line_in_order ON line (conversation, depth, sent_at_ms, id);
  CREATE INDEX line_unread ON line (conversation, arrival) WHERE state = 'received' AND kind <> 'system';
  CREATE VIRTUAL TABLE line_text USING fts5 (
    text, content = 'line', content_rowid = 'arrival', tokenize = 'unicode61 remove_diacritics 2'
  );
  `,
  `
  CREATE TABLE kept_log (id BLOB NOT NULL CHECK (length(id) = 16)) STRICT;
  INSERT INTO kept_log (id) VALUES (randomblob(16));
  CREATE TABLE kept_topic (
    number INTEGER PRIMARY KEY,
    key BLOB UNIQUE NOT NULL,
    head INTEGER NOT NULL,
    floor INTEGER NOT NULL,
    bytes INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE kept_envelope (
    arrival INTEGER PRIMARY KEY AUTOINCREMENT,
    topic INTEGER NOT NULL REFERENCES kept_topic (number),
    sequence INTEGER NOT NULL,
    kept_at_ms INTEGER NOT NULL,
    id BLOB NOT NULL,
    envelope BLOB
  ) STRICT;
  CREATE UNIQUE INDEX kept_in_order ON kept_envelope (topic, sequence);
  CREATE UNIQUE INDEX kept_by_id ON kept_envelope (topic, id);
  CREATE INDEX kept_live ON kept_envelope (arrival) WHERE envelope IS NOT NULL;
  `,
  `
  ALTER TABLE line ADD COLUMN devices INTEGER;
  ALTER TABLE line ADD COLUMN devices_of INTEGER;
  `,
  `
  DROP INDEX line_by_id;
  CREATE INDEX line_by_id ON line (conversation, substr(id, -12));
  `,
];
