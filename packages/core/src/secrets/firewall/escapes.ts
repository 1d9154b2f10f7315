/** Letters and digits, which no percent-encoding touches. */
const alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** What each kind of percent-encoding in use leaves as it is. */
const unescapedSets: readonly string[] = [
  `${alphanumeric}-_.~`, // RFC 3986, section 2.3
  `${alphanumeric}-_.!~*'()`, // encodeURIComponent
  `${alphanumeric}-_.!~*'();/?:@&=+$,#`, // encodeURI
  `${alphanumeric}-_.~/`, // a path, and Python's quote
  "", // every byte
];

/**
 * Percent-encodings of bytes: each set of unreserved characters, and form encoding, with upper and lower case
 * digits.
 *
 * @see https://www.rfc-editor.org/rfc/rfc3986#section-2.1
 * @see https://url.spec.whatwg.org/#urlencoded-serializing
 */
export function percentForms(bytes: Uint8Array): readonly string[] {
  const forms = unescapedSets.map((set) => percent(bytes, set));
  forms.push(percent(bytes, `${alphanumeric}*-._ `).replaceAll(" ", "+"));
  return forms.flatMap((form) => [form, lowerEscapes(form)]);
}

function percent(bytes: Uint8Array, unescaped: string): string {
  let text = "";
  for (const byte of bytes) {
    const character = String.fromCharCode(byte);
    text += byte < 128 && unescaped.includes(character) ? character : `%${hex(byte, 2)}`;
  }
  return text;
}

function lowerEscapes(text: string): string {
  return text.replaceAll(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase());
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, "0");
}

/**
 * How a text stands between the quotes of a JSON string: as `JSON.stringify` writes it, with `\/`, with
 * everything outside ASCII as `\u` escapes, safe for HTML, with `\u` escapes alone, and twice over.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8259#section-7
 */
export function jsonForms(text: string): readonly string[] {
  const plain = inner(text);
  const forms = [plain, plain.replaceAll("/", "\\/"), inner(plain)];
  for (const write of [upperUnit, lowerUnit]) {
    const ascii = plain.replaceAll(/[\u007f-\uffff]/g, write);
    forms.push(ascii, ascii.replaceAll("/", "\\/"), inner(ascii));
    forms.push(ascii.replaceAll(/[<>&]/g, write), ascii.replaceAll(/[<>&']/g, write));
    forms.push(plain.replaceAll(/[<>&\u2028\u2029]/g, write));
    forms.push(text.replaceAll(/[^]/g, write));
  }
  return forms;
}

function inner(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function upperUnit(unit: string): string {
  return `\\u${hex(unit.charCodeAt(0), 4)}`;
}

function lowerUnit(unit: string): string {
  return upperUnit(unit).toLowerCase();
}

/**
 * How a shell's trace or `printf %q` writes a text, and how XML and HTML do.
 *
 * @see https://www.gnu.org/software/bash/manual/html_node/Single-Quotes.html
 */
export function quotedForms(text: string): readonly string[] {
  const markup = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  const quoted = markup.replaceAll('"', "&quot;");
  return [
    text.replaceAll(/[^A-Za-z0-9_@%+=:,./\n\u0080-\uffff-]/g, (character) => `\\${character}`),
    text.replaceAll("'", "'\\''"),
    text.replaceAll(/["\\$`]/g, (character) => `\\${character}`),
    markup,
    quoted,
    quoted.replaceAll("'", "&#39;"),
    quoted.replaceAll("'", "&#x27;"),
    quoted.replaceAll("'", "&apos;"),
  ];
}
