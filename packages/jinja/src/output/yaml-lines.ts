const space = /\s/u;

/**
 * Reads YAML character by character and knows what stands in front of a place in its line. It only moves forward, so
 * that asking for every value of a document reads it once.
 */
export class YamlLines {
  readonly #text: string;
  #at = 0;
  #line = 1;
  #quote: "'" | '"' | undefined;
  /** The next character follows a backslash in double quotes. */
  #escaped = false;
  #comment = false;
  #flow = 0;
  /** The characters of the token so far that are no white space: none, a single dash, or something else. */
  #token: "" | "-" | "more" = "";
  /** The last character of the token, white space included. */
  #last = "";
  #solid = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The line of the place, from 1. */
  get line(): number {
    return this.#line;
  }

  /** The quotes that are open. */
  get quote(): "'" | '"' | undefined {
    return this.#quote;
  }

  get comment(): boolean {
    return this.#comment;
  }

  /** Nesting of `[` and `{`. */
  get flow(): number {
    return this.#flow;
  }

  /** Nothing but indentation, `- ` and `key: ` stands before the place. */
  get atStart(): boolean {
    return !this.#comment && this.#token === "";
  }

  /** Goes to a place that is not before the last one. */
  moveTo(place: number): void {
    for (; this.#at < place; this.#at += 1) this.#read(this.#text.charAt(this.#at));
  }

  /**
   * The first character from a place on that is no white space; empty where the line ends before it.
   *
   * @param place - not before the last one asked for
   */
  nextSolid(place: number): string {
    if (this.#solid < place) this.#solid = place;
    while (this.#solid < this.#text.length) {
      const char = this.#text.charAt(this.#solid);
      if (char === "\n") return "";
      if (!space.test(char)) return char;
      this.#solid += 1;
    }
    return "";
  }

  #read(char: string): void {
    if (char === "\n") {
      this.#line += 1;
      this.#quote = undefined;
      this.#escaped = false;
      this.#comment = false;
      this.#flow = 0;
      this.#clear();
    } else if (this.#quote !== undefined) this.#readQuoted(char);
    else if (!this.#comment) this.#readPlain(char);
  }

  #readQuoted(char: string): void {
    if (this.#escaped) this.#escaped = false;
    else if (char === "\\" && this.#quote === '"') this.#escaped = true;
    else if (char === this.#quote) this.#quote = undefined;
  }

  #readPlain(char: string): void {
    const isSpace = space.test(char);
    if (char === "#" && this.#afterSpace()) {
      this.#comment = true;
      return;
    }
    const fresh = this.#token === "";
    if ((char === '"' || char === "'") && fresh) this.#quote = char;
    if ((char === "[" || char === "{") && (fresh || this.#flow > 0)) {
      this.#flow += 1;
      this.#clear();
    } else if ((char === "]" || char === "}") && this.#flow > 0) this.#flow -= 1;
    else if ((char === "," && this.#flow > 0) || (isSpace && this.#endsKey())) this.#clear();
    else {
      if (!isSpace) this.#token = fresh && char === "-" ? "-" : "more";
      this.#last = char;
    }
  }

  #afterSpace(): boolean {
    const before = this.#text.charAt(this.#at - 1);
    return before === "" || space.test(before);
  }

  /** Whether white space after the token ends a key or the dash of a list. */
  #endsKey(): boolean {
    return this.#last === ":" || (this.#last === "-" && this.#token === "-");
  }

  #clear(): void {
    this.#token = "";
    this.#last = "";
  }
}
