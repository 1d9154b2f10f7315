/**
 * As much of what a program or a server said as is kept of it, in characters; PostgreSQL keeps neither a NUL nor half of
 * a pair of surrogates, such as the cut may leave.
 *
 * @see https://www.postgresql.org/docs/current/datatype-json.html
 */
export function told(text: string): string {
  return text.slice(0, 4000).toWellFormed().replaceAll("\0", "\uFFFD");
}
