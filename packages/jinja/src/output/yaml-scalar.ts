/** Plain scalars that YAML 1.1 or 1.2 readers take for something else than text. */
const special =
  /^(?:~|null|true|false|yes|no|on|off|y|n|[-+]?(?:0|[1-9][\d_]*)|0o?[0-7_]+|0x[\da-f_]+|0b[01_]+|[-+]?(?:\d[\d_]*)?\.?\d[\d_]*(?:e[-+]?\d+)?|[-+]?\d[\d_]*\.(?:e[-+]?\d+)?|[-+]?\.inf|\.nan|[-+]?\d[\d_]*(?::[0-5]?\d)+(?:\.\d*)?|\d{4}-\d\d?-\d\d?(?:[Tt ]\S.*)?|<<|=)$/i;

/** Whether a plain scalar of that text is read back as a string by every reader. */
export function yamlResolvesToText(text: string): boolean {
  return text !== "" && !special.test(text);
}

const unsafeStart = /^[-?:](?:\s|$)|^[\s,[\]{}#&*!|>'"%@`]|^---|^\.\.\./;
const unsafeInside = /: |:$| #|[\p{Cc}\u2028\u2029\ufeff]|\s$|[,[\]{}]/u;

/** A string as YAML: plain where that is safe in block and flow, else in double quotes. */
export function yamlScalar(text: string): string {
  if (yamlResolvesToText(text) && !unsafeStart.test(text) && !unsafeInside.test(text)) return text;
  return JSON.stringify(text).replace(
    /[\x7f\u0085\u2028\u2029\ufeff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
