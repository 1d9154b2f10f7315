/** What may stand in place of a secret, the first that is suitable. */
const anonymous = ["[redacted]", "***", "---", ""];

/**
 * Chooses what stands in place of each secret: `[redacted:NAME]`, or `[redacted]` without a name.
 *
 * Where a secret's own text would stand in that, such as the secret `red`, something else is chosen, so that
 * nobody who searches the output for the secret finds it.
 *
 * @param names - one for each secret; `undefined` where it has none
 * @param isClean - whether a text is free of all secrets
 */
export function markersFor(
  names: readonly (string | undefined)[],
  isClean: (text: string) => boolean,
): readonly Buffer[] {
  const fallback = Buffer.from(anonymous.find(isClean) ?? "");
  return names.map((name) => {
    if (name === undefined || !/^[\w./:@-]{1,128}$/.test(name)) return fallback;
    const wanted = `[redacted:${name}]`;
    return isClean(wanted) ? Buffer.from(wanted) : fallback;
  });
}
