import { DepthLimitError } from "../errors.ts";
import type { Token } from "../lexer/tokens.ts";
import { ExpressionParser } from "./expression-parser.ts";
import type { DataNode, Expr, NameNode, Signature, Stmt, Target } from "./nodes.ts";
import {
  type ExtensionTag,
  type StatementParser,
  coreStatements,
  extensionStatements,
} from "./statement-parsers.ts";
import { TokenStream } from "./token-stream.ts";

/** Nesting that statements may have. */
const maxNesting = 50;

/**
 * Builds the syntax tree of a template.
 * @throws {@link LexError} with the offset of what is wrong.
 */
export function parseTemplate(tokens: readonly Token[], tags: ReadonlySet<ExtensionTag>): readonly Stmt[] {
  const parser = new Parser(tokens, tags);
  return parser.statements([]);
}

/** Builds the tree of a single expression, as for `compileExpression`. @throws {@link LexError} */
export function parseExpressionOnly(tokens: readonly Token[]): Expr {
  const stream = new TokenStream(tokens);
  stream.expect("variable_begin");
  const node = new ExpressionParser(stream).expression();
  if (!stream.is("variable_end") || stream.look().type !== "eof") {
    stream.fail("chunk after expression");
  }
  return node;
}

/** Recursive descent over statements; the statements themselves are in `statement-parsers.ts`. */
export class Parser {
  readonly stream: TokenStream;
  readonly expressions: ExpressionParser;
  readonly #statements: ReadonlyMap<string, StatementParser>;
  readonly #open: string[] = [];
  readonly blockNames = new Set<string>();

  constructor(tokens: readonly Token[], tags: ReadonlySet<ExtensionTag>) {
    this.stream = new TokenStream(tokens);
    this.expressions = new ExpressionParser(this.stream);
    const extensions = [...extensionStatements].filter(([name]) => tags.has(name));
    this.#statements = new Map([...coreStatements, ...extensions]);
  }

  /** Statements up to a tag of one of those names, or to the end of the template. */
  statements(endNames: readonly string[]): Stmt[] {
    const body: Stmt[] = [];
    const output: (DataNode | Expr)[] = [];
    const flush = (): void => {
      const first = output[0];
      if (first === undefined) return;
      body.push({ type: "Output", items: output.splice(0), position: first.position });
    };
    for (;;) {
      const token = this.stream.current;
      if (token.type === "data") {
        output.push({ type: "Data", text: token.text, position: token.position });
        this.stream.next();
      } else if (token.type === "variable_begin") {
        this.stream.next();
        output.push(this.expressions.tuple());
        this.stream.expect("variable_end");
      } else if (token.type === "block_begin") {
        flush();
        this.stream.next();
        if (endNames.length > 0 && this.stream.isName(...endNames)) return body;
        body.push(...this.#statement(endNames));
        this.stream.expect("block_end");
      } else {
        flush();
        if (endNames.length > 0) this.#endMissing(endNames);
        return body;
      }
    }
  }

  #endMissing(endNames: readonly string[]): never {
    const innermost = this.#open.at(-1);
    const wanted = endNames.map((name) => `'${name}'`).join(" or ");
    const open =
      innermost === undefined ? "" : ` The innermost block that needs to be closed is '${innermost}'.`;
    return this.stream.fail(
      `Unexpected end of template. Jinja was looking for the following tags: ${wanted}.${open}`,
    );
  }

  #statement(endNames: readonly string[]): Stmt[] {
    const token = this.stream.current;
    if (token.type !== "name") this.stream.fail("tag name expected");
    const parse = this.#statements.get(token.text);
    if (parse === undefined) {
      const wanted = endNames.map((name) => `'${name}'`).join(" or ");
      const hint = wanted === "" ? "" : ` Jinja was looking for the following tags: ${wanted}.`;
      this.stream.fail(`Encountered unknown tag '${token.text}'.${hint}`);
    }
    if (this.#open.length >= maxNesting) throw new DepthLimitError("statements");
    this.#open.push(token.text);
    this.stream.next();
    const result = parse(this, token.position);
    this.#open.pop();
    return Array.isArray(result) ? result : [result];
  }

  /** The body of a statement up to one of the end tags, which stays current. */
  body(...endNames: readonly string[]): Stmt[] {
    this.stream.skipIf("operator", ":");
    this.stream.expect("block_end");
    return this.statements(endNames);
  }

  /** The body of a statement up to its only end tag, which is passed. */
  bodyUntil(endName: string): Stmt[] {
    const body = this.body(endName);
    this.stream.next();
    return body;
  }

  /** A single name that gets a value. */
  targetName(): NameNode {
    const token = this.stream.expect("name");
    return this.#assignable({ type: "Name", name: token.text, position: token.position }) as NameNode;
  }

  /** What gets a value: a name, names with commas, or an attribute of a namespace. */
  target(rules: { endName?: string; namespace?: boolean } = {}): Target {
    const next = this.stream.look();
    if (rules.namespace === true && next.type === "operator" && next.text === ".") {
      const name = this.stream.expect("name");
      this.stream.next();
      const attribute = this.stream.expect("name").text;
      return { type: "NamespaceAttribute", name: name.text, attribute, position: name.position };
    }
    const { endName } = rules;
    return this.#assignable(
      this.expressions.tuple({ primaryOnly: true, ...(endName === undefined ? {} : { endName }) }),
    );
  }

  #assignable(node: Expr): Target {
    const { position } = node;
    if (node.type === "Name") return node;
    if (node.type === "Tuple") {
      return {
        type: "TargetTuple",
        items: node.items.map((item) => this.#assignable(item)),
        position,
      };
    }
    return this.stream.fail(`can't assign to '${node.type.toLowerCase()}'`, position);
  }

  signature(): Signature {
    const params: NameNode[] = [];
    const names = new Set<string>();
    const defaults: Expr[] = [];
    this.stream.expect("operator", "(");
    while (!this.stream.isOperator(")")) {
      if (params.length > 0) this.stream.expect("operator", ",");
      const param = this.targetName();
      if (names.has(param.name)) {
        this.stream.fail(`duplicate argument '${param.name}'`, param.position);
      }
      names.add(param.name);
      params.push(param);
      if (this.stream.skipIf("operator", "=")) defaults.push(this.expressions.expression());
      else if (defaults.length > 0) this.stream.fail("non-default argument follows default argument");
    }
    this.stream.expect("operator", ")");
    return { params, defaults };
  }

  /** `with context` or `without context`; `undefined` = neither. */
  contextRule(): boolean | undefined {
    if (!this.stream.isName("with", "without") || !this.stream.looksAtName("context")) {
      return undefined;
    }
    const rule = this.stream.next().text === "with";
    this.stream.next();
    return rule;
  }

  /** A chain of filters that gets a text instead of an expression; `inline` = the first has no `|`. */
  filterChain(inline: boolean): Expr | undefined {
    let node: Expr | undefined = inline ? this.expressions.filter(undefined) : undefined;
    while (this.stream.skipIf("operator", "|")) node = this.expressions.filter(node);
    return node;
  }
}
