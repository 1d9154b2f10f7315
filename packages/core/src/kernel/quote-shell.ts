/**
 * A word as a POSIX shell reads it unchanged, whatever is in it. Without a backslash, which programs that take a
 * whole command, such as ssh, read by rules of their own.
 */
export function quoteShell(word: string): string {
  return `'${word.replaceAll("'", `'"'"'`)}'`;
}
