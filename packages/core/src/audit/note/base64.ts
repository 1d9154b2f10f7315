/**
 * Reads standard base64 in its one canonical form.
 *
 * @returns null for anything else, such as missing padding or set bits after the end
 * @see https://www.rfc-editor.org/rfc/rfc4648#section-4
 */
export function decodeBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : null;
}
