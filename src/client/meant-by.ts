/**
 * Which of several things with ids and names a person means.
 *
 * 1. Names are what others type: none is ever taken instead of an id that was given.
 */

/** Hex digits from which on a beginning of an id is accepted. */
const ID_PREFIX_MIN = 4;

/** What people call something. `id`: lower-case hex. */
export interface Called {
  readonly id: string;
  readonly name: string;
}

/** Whether `text` is that id (lower-case hex), or enough of its beginning. Capitals and space around it do not matter. */
export function beginsId(id: string, text: string): boolean {
  const wanted = text.trim().toLowerCase();
  return wanted.length >= ID_PREFIX_MIN && id.startsWith(wanted);
}

/** Those that `text` can mean: the one with that id, else all with that name or an id that begins so. */
export function meantBy<T>(all: readonly T[], text: string, calledOf: (each: T) => Called): readonly T[] {
  const wanted = text.trim();
  const exact = all.filter((each) => calledOf(each).id === wanted.toLowerCase());
  if (exact.length > 0) return exact;
  return all.filter((each) => {
    const { id, name } = calledOf(each);
    return name === wanted || beginsId(id, wanted);
  });
}
