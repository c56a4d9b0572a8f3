/** The system's name of what went wrong. */

/** `code` of an error of the file system or of a socket, such as ENOENT; undefined where it has none. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
