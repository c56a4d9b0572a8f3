/**
 * What only the passphrase opens, whoever has the profile open: a new passphrase, and the recovery words.
 *
 * 1. The present passphrase is asked for in any case, and nothing secret crosses the local socket.
 * 2. A change of passphrase rewrites the key file alone: it is the old or the new one at every instant.
 * 3. The words are read beside an owner, never written.
 */
import { type RecoveryReading, readRecoveryWords, recoveryWordsOf } from "../client/recovery.ts";
import { openProfileDatabase } from "../store/profile-database.ts";
import { replaceKeyFile } from "../store/profile-directory.ts";
import { acquireProfileLock } from "../store/profile-lock.ts";
import { recordTable } from "../store/record-table.ts";
import { keyOf, primitives, wrap } from "./compose-key.ts";
import type { ProfileChoice } from "./session.ts";

/** See `Profiles.changePassphrase`. */
export async function changePassphrase(choice: ProfileChoice, chosen: () => Promise<string>): Promise<void> {
  const dataKey = await keyOf(choice).dataKey();
  await replaceKeyFile(choice.directory, wrap(await chosen(), dataKey, choice.kdf));
}

/** See `Profiles.recoveryWords`. */
export async function wordsOf(choice: ProfileChoice): Promise<string> {
  const { directory } = choice;
  const dataKey = await keyOf(choice).dataKey();
  const lock = await acquireProfileLock(directory); // if it is free nobody may start a profile beside us that is being migrated
  try {
    const database = openProfileDatabase({ directory, dataKey });
    try {
      const records = recordTable(database);
      return await recoveryWordsOf({ load: async (keys) => records.load(keys) });
    } finally {
      database.close();
    }
  } finally {
    if (lock.kind === "owner") await lock.release();
  }
}

/** See `Profiles.readRecoveryWords`. */
export const readWords = (text: string): RecoveryReading => readRecoveryWords(primitives, text);
