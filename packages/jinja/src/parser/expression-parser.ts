import { DepthLimitError } from "../errors.ts";
import { describeToken } from "../lexer/tokens.ts";
import type { BinaryOperator } from "../values/arithmetic.ts";
import type { Value } from "../values/object.ts";
import type { Arguments, CallNode, CompareOperator, Expr, FilterNode } from "./nodes.ts";
import type { TokenStream } from "./token-stream.ts";

// Over 300 lines: one grammar, whose rules call each other; a cut would only put half of it elsewhere.

/** Nesting and length of chains an expression may have. Python's own parser stops at about 100. */
const maxNesting = 100;
const maxChain = 1000;

/** How far a comma list may go. */
export interface TupleRules {
  readonly withCondition?: boolean;
  /** A name that ends the list. */
  readonly endName?: string;
  /** `()` is the empty tuple. */
  readonly parenthesised?: boolean;
  readonly primaryOnly?: boolean;
}

const compareOperators: ReadonlySet<string> = new Set(["==", "!=", "<", "<=", ">", ">="]);
const constants: ReadonlyMap<string, Value> = new Map<string, Value>([
  ["true", true],
  ["True", true],
  ["false", false],
  ["False", false],
  ["none", null],
  ["None", null],
]);
const noArguments: Arguments = {
  args: [],
  kwargs: [],
  dynamicArgs: undefined,
  dynamicKwargs: undefined,
};

/** Recursive descent over Jinja2's expression grammar, loosest binding first. */
export class ExpressionParser {
  readonly stream: TokenStream;
  #nesting = 0;

  constructor(stream: TokenStream) {
    this.stream = stream;
  }

  /** A whole expression; inline `if` only when `withCondition`. */
  expression(withCondition = true): Expr {
    return this.#nested(() => (withCondition ? this.#condition() : this.#or()));
  }

  #nested<T>(parse: () => T): T {
    if (this.#nesting >= maxNesting) this.#tooDeep();
    this.#nesting += 1;
    try {
      return parse();
    } finally {
      this.#nesting -= 1;
    }
  }

  #tooDeep(): never {
    throw new DepthLimitError("an expression");
  }

  /** An expression, or a tuple of several with commas. */
  tuple(rules: TupleRules = {}): Expr {
    const { position } = this.stream.current;
    const items: Expr[] = [];
    let isTuple = false;
    for (;;) {
      if (items.length > 0) this.stream.expect("operator", ",");
      if (this.#tupleEnds(rules.endName)) break;
      items.push(rules.primaryOnly === true ? this.primary() : this.expression(rules.withCondition ?? true));
      if (!this.stream.isOperator(",")) break;
      isTuple = true;
    }
    const first = items[0];
    if (!isTuple && first !== undefined) return first;
    if (!isTuple && rules.parenthesised !== true) {
      this.stream.fail(`Expected an expression, got '${describeToken(this.stream.current)}'`);
    }
    return { type: "Tuple", items, position };
  }

  #tupleEnds(endName: string | undefined): boolean {
    const { stream } = this;
    if (stream.is("variable_end") || stream.is("block_end") || stream.isOperator(")")) return true;
    return endName !== undefined && stream.isName(endName);
  }

  #condition(): Expr {
    let result = this.#or();
    for (let count = 0; this.stream.isName("if"); count += 1) {
      if (count > maxChain) this.#tooDeep();
      const { position } = this.stream.next();
      const test = this.#or();
      const otherwise = this.stream.skipIf("name", "else")
        ? this.#nested(() => this.#condition())
        : undefined;
      result = { type: "Condition", test, consequent: result, otherwise, position };
    }
    return result;
  }

  /** Parses `next (operator next)*`, grouping to the left. */
  #leftAssociative(
    operand: () => Expr,
    accepts: () => boolean,
    join: (left: Expr, operator: string, right: Expr, position: number) => Expr,
  ): Expr {
    let left = operand();
    for (let count = 0; accepts(); count += 1) {
      if (count > maxChain) this.#tooDeep();
      const token = this.stream.next();
      left = join(left, token.text, operand(), token.position);
    }
    return left;
  }

  #or(): Expr {
    return this.#leftAssociative(
      () => this.#and(),
      () => this.stream.isName("or"),
      (left, _operator, right, position) => ({ type: "Or", left, right, position }),
    );
  }

  #and(): Expr {
    return this.#leftAssociative(
      () => this.#not(),
      () => this.stream.isName("and"),
      (left, _operator, right, position) => ({ type: "And", left, right, position }),
    );
  }

  #not(): Expr {
    if (!this.stream.isName("not")) return this.#compare();
    const { position } = this.stream.next();
    return { type: "Not", operand: this.#nested(() => this.#not()), position };
  }

  #compare(): Expr {
    const { position } = this.stream.current;
    const first = this.#sum();
    const rest: { operator: CompareOperator; operand: Expr }[] = [];
    for (;;) {
      const operator = this.#compareOperator();
      if (operator === undefined) break;
      rest.push({ operator, operand: this.#sum() });
    }
    return rest.length === 0 ? first : { type: "Compare", first, rest, position };
  }

  #compareOperator(): CompareOperator | undefined {
    const token = this.stream.current;
    if (token.type === "operator" && compareOperators.has(token.text)) {
      return this.stream.next().text as CompareOperator;
    }
    if (this.stream.skipIf("name", "in")) return "in";
    if (!this.stream.isName("not") || !this.stream.looksAtName("in")) return undefined;
    this.stream.next();
    this.stream.next();
    return "not in";
  }

  #binary(operand: () => Expr, ...operators: readonly BinaryOperator[]): Expr {
    return this.#leftAssociative(
      operand,
      () => operators.some((operator) => this.stream.isOperator(operator)),
      (left, operator, right, position) => ({
        type: "Binary",
        operator: operator as BinaryOperator,
        left,
        right,
        position,
      }),
    );
  }

  #sum(): Expr {
    return this.#binary(() => this.#concat(), "+", "-");
  }

  #concat(): Expr {
    const { position } = this.stream.current;
    const items = [this.#product()];
    while (this.stream.skipIf("operator", "~")) items.push(this.#product());
    const first = items[0] as Expr;
    return items.length === 1 ? first : { type: "Concat", items, position };
  }

  #product(): Expr {
    return this.#binary(() => this.#power(), "*", "/", "//", "%");
  }

  #power(): Expr {
    return this.#binary(() => this.unary(), "**");
  }

  /** A signed or plain operand with its subscripts, calls and, unless switched off, filters. */
  unary(withFilter = true): Expr {
    const token = this.stream.current;
    let node: Expr;
    if (this.stream.isOperator("-") || this.stream.isOperator("+")) {
      this.stream.next();
      const type = token.text === "-" ? "Negative" : "Positive";
      const operand = this.#nested(() => this.unary(false));
      node = { type, operand, position: token.position };
    } else {
      node = this.primary();
    }
    node = this.postfix(node);
    return withFilter ? this.#filters(node) : node;
  }

  /** A name, literal, or something in brackets. */
  primary(): Expr {
    const { stream } = this;
    const token = stream.current;
    const { position } = token;
    switch (token.type) {
      case "name": {
        stream.next();
        const constant = constants.get(token.text);
        if (constant !== undefined) return { type: "Const", value: constant, position };
        return { type: "Name", name: token.text, position };
      }
      case "string": {
        let text = "";
        while (stream.is("string")) text += stream.next().text;
        return { type: "Const", value: text, position };
      }
      case "number":
        stream.next();
        return { type: "Const", value: token.value ?? 0, position };
      case "operator":
        return this.#bracketed();
      default:
        return stream.fail(`unexpected '${describeToken(token)}'`);
    }
  }

  #bracketed(): Expr {
    const { stream } = this;
    const { position } = stream.current;
    if (stream.skipIf("operator", "(")) {
      const node = this.#nested(() => this.tuple({ parenthesised: true }));
      stream.expect("operator", ")");
      return node;
    }
    if (stream.skipIf("operator", "[")) {
      return { type: "List", items: this.#list("]", () => this.expression()), position };
    }
    if (stream.skipIf("operator", "{")) {
      const pairs = this.#list("}", () => {
        const key = this.expression();
        stream.expect("operator", ":");
        return { key, value: this.expression() };
      });
      return { type: "Dict", pairs, position };
    }
    return stream.fail(`unexpected '${describeToken(stream.current)}'`);
  }

  #list<T>(closer: string, parse: () => T): T[] {
    const items: T[] = [];
    while (!this.stream.isOperator(closer)) {
      if (items.length > 0) this.stream.expect("operator", ",");
      if (this.stream.isOperator(closer)) break;
      items.push(parse());
    }
    this.stream.expect("operator", closer);
    return items;
  }

  /** Attributes, subscripts and calls after an operand. */
  postfix(operand: Expr): Expr {
    let node = operand;
    for (let count = 0; ; count += 1) {
      if (count > maxChain) this.#tooDeep();
      if (this.stream.isOperator(".")) node = this.#dotted(node);
      else if (this.stream.isOperator("[")) node = this.#subscript(node);
      else if (this.stream.isOperator("(")) node = this.call(node);
      else return node;
    }
  }

  #dotted(object: Expr): Expr {
    const { position } = this.stream.next();
    const token = this.stream.next();
    if (token.type === "name") return { type: "Attribute", object, name: token.text, position };
    if (token.type !== "number" || describeToken(token) !== "integer") {
      this.stream.fail("expected name or number", token.position);
    }
    const key: Expr = { type: "Const", value: token.value ?? 0, position: token.position };
    return { type: "Item", object, key, position };
  }

  #subscript(object: Expr): Expr {
    const { position } = this.stream.next();
    const parts: (Expr | SliceParts)[] = [];
    while (!this.stream.isOperator("]")) {
      if (parts.length > 0) this.stream.expect("operator", ",");
      parts.push(this.#subscriptPart());
    }
    this.stream.expect("operator", "]");
    const first = parts[0];
    if (parts.length === 1 && first !== undefined) {
      if (!("slice" in first)) return { type: "Item", object, key: first, position };
      return { type: "Slice", object, ...first.slice, position };
    }
    const items = parts.map((part) =>
      "slice" in part ? this.stream.fail("a slice cannot be part of a tuple", position) : part,
    );
    return { type: "Item", object, key: { type: "Tuple", items, position }, position };
  }

  #subscriptPart(): Expr | SliceParts {
    const { stream } = this;
    let start: Expr | undefined;
    if (!stream.isOperator(":")) {
      start = this.expression();
      if (!stream.isOperator(":")) return start;
    }
    stream.next();
    const ends = (): boolean => stream.isOperator("]") || stream.isOperator(",");
    const stop = ends() || stream.isOperator(":") ? undefined : this.expression();
    const step = stream.skipIf("operator", ":") && !ends() ? this.expression() : undefined;
    return { slice: { start, stop, step } };
  }

  #filters(operand: Expr): Expr {
    let node = operand;
    for (let count = 0; ; count += 1) {
      if (count > maxChain) this.#tooDeep();
      if (this.stream.skipIf("operator", "|")) node = this.filter(node);
      else if (this.stream.isName("is")) node = this.#test(node);
      else if (this.stream.isOperator("(")) node = this.call(node);
      else return node;
    }
  }

  /** Name and arguments of one filter. */
  filter(input: Expr | undefined): FilterNode {
    const { position } = this.stream.current;
    const name = this.#dottedName();
    const call = this.stream.isOperator("(") ? this.#arguments() : noArguments;
    return { type: "Filter", input, name, call, position };
  }

  #dottedName(): string {
    let name = this.stream.expect("name").text;
    while (this.stream.skipIf("operator", ".")) name += `.${this.stream.expect("name").text}`;
    return name;
  }

  #test(input: Expr): Expr {
    const { stream } = this;
    const { position } = stream.next();
    const negated = stream.skipIf("name", "not");
    const name = this.#dottedName();
    let call = noArguments;
    if (stream.isOperator("(")) {
      call = this.#arguments();
    } else if (this.#startsOperand() && !stream.isName("else", "or", "and")) {
      if (stream.isName("is")) stream.fail("You cannot chain multiple tests with is");
      call = { ...noArguments, args: [this.postfix(this.primary())] };
    }
    const node: Expr = { type: "Test", input, name, call, position };
    return negated ? { type: "Not", operand: node, position } : node;
  }

  #startsOperand(): boolean {
    const { type, text } = this.stream.current;
    if (type === "operator") return text === "[" || text === "{";
    return type === "name" || type === "string" || type === "number";
  }

  /** A call of `callee`. */
  call(callee: Expr): CallNode {
    const { position } = this.stream.current;
    return { type: "Call", callee, call: this.#nested(() => this.#arguments()), position };
  }

  #arguments(): Arguments {
    const { stream } = this;
    const args: Expr[] = [];
    const kwargs: { name: string; value: Expr }[] = [];
    let dynamicArgs: Expr | undefined;
    let dynamicKwargs: Expr | undefined;
    const names = new Set<string>();
    const ensure = (allowed: boolean): void => {
      if (!allowed) stream.fail("invalid syntax for function call expression");
    };
    stream.expect("operator", "(");
    for (let first = true; !stream.isOperator(")"); first = false) {
      if (!first) {
        stream.expect("operator", ",");
        if (stream.isOperator(")")) break;
      }
      if (stream.skipIf("operator", "*")) {
        ensure(dynamicArgs === undefined && dynamicKwargs === undefined);
        dynamicArgs = this.expression();
      } else if (stream.skipIf("operator", "**")) {
        ensure(dynamicKwargs === undefined);
        dynamicKwargs = this.expression();
      } else if (stream.is("name") && isAssign(stream)) {
        ensure(dynamicKwargs === undefined);
        const name = stream.next().text;
        if (names.has(name)) {
          stream.fail(`keyword argument repeated: ${name}`);
        }
        names.add(name);
        stream.next();
        kwargs.push({ name, value: this.expression() });
      } else {
        ensure(dynamicArgs === undefined && dynamicKwargs === undefined && kwargs.length === 0);
        args.push(this.expression());
      }
    }
    stream.expect("operator", ")");
    return { args, kwargs, dynamicArgs, dynamicKwargs };
  }
}

/** The parts of a slice before its object is known. */
interface SliceParts {
  readonly slice: {
    readonly start: Expr | undefined;
    readonly stop: Expr | undefined;
    readonly step: Expr | undefined;
  };
}

function isAssign(stream: TokenStream): boolean {
  const token = stream.look();
  return token.type === "operator" && token.text === "=";
}
