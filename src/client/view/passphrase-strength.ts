/**
 * How long a passphrase withstands somebody who has the profile's files: an estimate that is shown while one types.
 * It counts what a guesser has to choose: words from a list, characters from an alphabet; repeats, rows of the keyboard
 * and the best-known passwords count next to nothing.
 */

/** `bits`: log2 of the guesses. `level` 0: nothing typed; 1: guessed at once; 2: weak; 3: good; 4: strong. */
export interface PassphraseStrength {
  readonly level: 0 | 1 | 2 | 3 | 4;
  readonly bits: number;
}

/** A word of a language's usual ones: log2 of about 2,000. */
const WORD_BITS = 11;
/** Argon2id makes a guess cost about a second of a core; at 2^28 that is 10 core-years, at 2^44 and 2^60 beyond any budget. */
const BITS_OF_LEVEL: readonly number[] = [0, 28, 44, 60];
const KNOWN =
  /password|passwort|passphrase|letmein|welcome|iloveyou|dragon|monkey|hermes|secret|admin|login|football|master/gi;
/** Neighbours on keyboards and in the alphabet. */
const ROWS = "abcdefghijklmnopqrstuvwxyz 01234567890 qwertyuiop qwertzuiop asdfghjkl zxcvbnm yxcvbnm azerty";

/** Strength of `passphrase`; never more than what its characters could hold. */
export function passphraseStrength(passphrase: string): PassphraseStrength {
  if (passphrase === "") return { level: 0, bits: 0 };
  const plain = withoutRuns(passphrase.replace(KNOWN, "k"));
  const bits = Math.round(plain.split(/[\s_.,-]+/).reduce((sum, word) => sum + wordBits(word), 0));
  const level = BITS_OF_LEVEL.filter((least) => bits >= least).length;
  return { level: Math.max(1, level) as PassphraseStrength["level"], bits };
}

/** A word of letters only may stand in a list; anything else is character by character. */
function wordBits(word: string): number {
  const characters = [...word];
  const distinct = new Set(characters).size;
  const each = Math.log2(alphabetSize(word)) * characters.length;
  const varied = Math.min(each, distinct * Math.log2(alphabetSize(word)) * 1.5);
  return /^\p{Lu}?\p{Ll}{2,11}$/u.test(word)
    ? Math.min(varied, WORD_BITS + 3 * Math.max(0, characters.length - 7))
    : varied;
}

function alphabetSize(word: string): number {
  let size = 2;
  if (/\p{Ll}/u.test(word)) size += 24;
  if (/\p{Lu}/u.test(word)) size += 26;
  if (/\d/.test(word)) size += 10;
  if (/[^\p{L}\d]/u.test(word)) size += 30;
  return size;
}

/** "aaaa", "3456" and "qwer" become their first letter: the rest is no choice. */
function withoutRuns(text: string): string {
  let out = "";
  let before = "";
  for (const char of text) {
    const pair = (before + char).toLowerCase();
    const backwards = (char + before).toLowerCase();
    const isRun = before === char || (pair.length === 2 && (ROWS.includes(pair) || ROWS.includes(backwards)));
    if (!isRun || char === " ") out += char;
    before = char;
  }
  return out;
}
