/** Comparison of secrets. Public byte strings are compared with `equalBytes` of the transcript instead. */

/** Whether `a` and `b` are equal, in a time that depends only on their lengths. */
export function equalInConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}
