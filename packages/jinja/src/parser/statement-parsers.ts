import { LexError } from "../lexer/lexer.ts";
import type { Expr, Stmt, Target } from "./nodes.ts";
import type { Parser } from "./parser.ts";

/** Tags that only extensions bring. */
export type ExtensionTag = "do" | "break" | "continue" | "debug";

/** Parses what follows a tag's name, up to and with its end tag. */
export type StatementParser = (parser: Parser, position: number) => Stmt | Stmt[];

function parseFor(parser: Parser, position: number): Stmt {
  const { stream, expressions } = parser;
  const target = parser.target({ endName: "in" });
  stream.expect("name", "in");
  const iterable = expressions.tuple({ withCondition: false, endName: "recursive" });
  const test = stream.skipIf("name", "if") ? expressions.expression() : undefined;
  const recursive = stream.skipIf("name", "recursive");
  const body = parser.body("endfor", "else");
  const otherwise = stream.next().text === "endfor" ? [] : parser.bodyUntil("endfor");
  return { type: "For", target, iterable, test, recursive, body, otherwise, position };
}

function parseIf(parser: Parser, position: number): Stmt {
  const branches: { test: Expr; body: Stmt[] }[] = [];
  let otherwise: Stmt[] = [];
  for (;;) {
    const test = parser.expressions.tuple({ withCondition: false });
    branches.push({ test, body: parser.body("elif", "else", "endif") });
    const end = parser.stream.next().text;
    if (end === "elif") continue;
    if (end === "else") otherwise = parser.bodyUntil("endif");
    return { type: "If", branches, otherwise, position };
  }
}

function parseBlock(parser: Parser, position: number): Stmt {
  const { stream } = parser;
  const name = stream.expect("name").text;
  if (parser.blockNames.has(name)) fail(`block '${name}' defined twice`, position);
  parser.blockNames.add(name);
  const scoped = stream.skipIf("name", "scoped");
  const required = stream.skipIf("name", "required");
  if (stream.isOperator("-")) {
    stream.fail("block names may not contain hyphens, use an underscore instead");
  }
  const body = parser.bodyUntil("endblock");
  if (required && !body.every(isBlank)) {
    stream.fail("Required blocks can only contain comments or whitespace", position);
  }
  stream.skipIf("name", name);
  return { type: "Block", name, scoped, required, body, position };
}

function isBlank(node: Stmt): boolean {
  return (
    node.type === "Output" && node.items.every((item) => item.type === "Data" && item.text.trim() === "")
  );
}

/** @throws {@link LexError} as a `TemplateAssertionError`. */
function fail(message: string, position: number): never {
  throw new LexError(message, position, true);
}

function parseMacro(parser: Parser, position: number): Stmt {
  const { name } = parser.targetName();
  const signature = parser.signature();
  return { type: "Macro", name, signature, body: parser.bodyUntil("endmacro"), position };
}

function parseCallBlock(parser: Parser, position: number): Stmt {
  const signature = parser.stream.isOperator("(") ? parser.signature() : { params: [], defaults: [] };
  const call = parser.expressions.expression();
  if (call.type !== "Call") return parser.stream.fail("expected call", position);
  return { type: "CallBlock", call, signature, body: parser.bodyUntil("endcall"), position };
}

function parseFilterBlock(parser: Parser, position: number): Stmt {
  const filter = parser.filterChain(true) as Expr;
  return { type: "FilterBlock", filter, body: parser.bodyUntil("endfilter"), position };
}

function parseSet(parser: Parser, position: number): Stmt {
  const target = parser.target({ namespace: true });
  if (parser.stream.skipIf("operator", "=")) {
    return { type: "Assign", target, value: parser.expressions.tuple(), position };
  }
  const filter = parser.filterChain(false);
  return { type: "AssignBlock", target, filter, body: parser.bodyUntil("endset"), position };
}

function parseWith(parser: Parser, position: number): Stmt {
  const targets: Target[] = [];
  const values: Expr[] = [];
  while (!parser.stream.is("block_end")) {
    if (targets.length > 0) parser.stream.expect("operator", ",");
    targets.push(parser.target());
    parser.stream.expect("operator", "=");
    values.push(parser.expressions.expression());
  }
  return { type: "With", targets, values, body: parser.bodyUntil("endwith"), position };
}

function parseInclude(parser: Parser, position: number): Stmt {
  const template = parser.expressions.expression();
  let ignoreMissing = false;
  if (parser.stream.isName("ignore") && parser.stream.looksAtName("missing")) {
    parser.stream.next();
    parser.stream.next();
    ignoreMissing = true;
  }
  const withContext = parser.contextRule() ?? true;
  return { type: "Include", template, ignoreMissing, withContext, position };
}

function parseImport(parser: Parser, position: number): Stmt {
  const template = parser.expressions.expression();
  parser.stream.expect("name", "as");
  const target = parser.targetName().name;
  const withContext = parser.contextRule() ?? false;
  return { type: "Import", template, target, withContext, position };
}

function parseFrom(parser: Parser, position: number): Stmt {
  const { stream } = parser;
  const template = parser.expressions.expression();
  stream.expect("name", "import");
  const names: { name: string; alias: string }[] = [];
  let withContext = parser.contextRule();
  while (withContext === undefined) {
    const { name, position: at } = parser.targetName();
    if (name.startsWith("_")) fail("names starting with an underline can not be imported", at);
    const alias = stream.skipIf("name", "as") ? parser.targetName().name : name;
    names.push({ name, alias });
    withContext = parser.contextRule();
    if (withContext !== undefined || !stream.skipIf("operator", ",")) break;
    withContext = parser.contextRule();
  }
  return { type: "FromImport", template, names, withContext: withContext ?? false, position };
}

function parsePrint(parser: Parser, position: number): Stmt {
  const items: Expr[] = [];
  while (!parser.stream.is("block_end")) {
    if (items.length > 0) parser.stream.expect("operator", ",");
    items.push(parser.expressions.expression());
  }
  return { type: "Output", items, position };
}

function parseAutoescape(parser: Parser, position: number): Stmt {
  const value = parser.expressions.expression();
  return { type: "Autoescape", value, body: parser.bodyUntil("endautoescape"), position };
}

/** The statements every environment has, by tag. */
export const coreStatements: ReadonlyMap<string, StatementParser> = new Map<string, StatementParser>([
  ["for", parseFor],
  ["if", parseIf],
  ["block", parseBlock],
  ["macro", parseMacro],
  ["call", parseCallBlock],
  ["filter", parseFilterBlock],
  ["set", parseSet],
  ["with", parseWith],
  ["include", parseInclude],
  ["import", parseImport],
  ["from", parseFrom],
  ["print", parsePrint],
  ["autoescape", parseAutoescape],
  [
    "extends",
    (parser, position) => ({
      type: "Extends",
      template: parser.expressions.expression(),
      position,
    }),
  ],
]);

/** The statements that extensions bring, by tag. */
export const extensionStatements: ReadonlyMap<ExtensionTag, StatementParser> = new Map<
  ExtensionTag,
  StatementParser
>([
  ["do", (parser, position) => ({ type: "Do", expression: parser.expressions.tuple(), position })],
  ["break", (_parser, position) => ({ type: "Break", position })],
  ["continue", (_parser, position) => ({ type: "Continue", position })],
  ["debug", (_parser, position) => ({ type: "Debug", position })],
]);
