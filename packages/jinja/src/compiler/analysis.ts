import type { Arguments, Expr, Signature, Stmt, Target } from "../parser/nodes.ts";
import type { Symbols } from "./symbols.ts";

/** Calls `visit` for each direct sub-expression. */
export function eachChild(node: Expr, visit: (child: Expr) => void): void {
  switch (node.type) {
    case "Name":
    case "Const":
      return;
    case "Tuple":
    case "List":
    case "Concat":
      for (const item of node.items) visit(item);
      return;
    case "Dict":
      for (const { key, value } of node.pairs) {
        visit(key);
        visit(value);
      }
      return;
    case "Condition":
      for (const part of [node.test, node.consequent, node.otherwise]) if (part !== undefined) visit(part);
      return;
    case "Filter":
      if (node.input !== undefined) visit(node.input);
      return eachArgument(node.call, visit);
    case "Test":
      visit(node.input);
      return eachArgument(node.call, visit);
    case "Call":
      visit(node.callee);
      return eachArgument(node.call, visit);
    case "Attribute":
      return visit(node.object);
    case "Item":
      visit(node.object);
      return visit(node.key);
    case "Slice":
      for (const part of [node.object, node.start, node.stop, node.step]) {
        if (part !== undefined) visit(part);
      }
      return;
    case "Compare":
      visit(node.first);
      for (const { operand } of node.rest) visit(operand);
      return;
    case "Binary":
    case "And":
    case "Or":
      visit(node.left);
      return visit(node.right);
    case "Not":
    case "Negative":
    case "Positive":
      return visit(node.operand);
  }
}

/** Offset at which an expression starts; the node itself may have that of its operator. */
export function startOf(node: Expr): number {
  let first: Expr | undefined;
  eachChild(node, (child) => {
    first ??= child;
  });
  const leads = node.type === "Condition" ? node.consequent : first;
  return leads === undefined ? node.position : Math.min(node.position, startOf(leads));
}

function eachArgument(call: Arguments, visit: (child: Expr) => void): void {
  for (const arg of call.args) visit(arg);
  for (const { value } of call.kwargs) visit(value);
  if (call.dynamicArgs !== undefined) visit(call.dynamicArgs);
  if (call.dynamicKwargs !== undefined) visit(call.dynamicKwargs);
}

/** Enters the names an expression reads. */
export function analyzeExpr(node: Expr, symbols: Symbols): void {
  if (node.type === "Name") symbols.load(node.name);
  else eachChild(node, (child) => analyzeExpr(child, symbols));
}

/** Enters the names a target sets. */
export function analyzeTarget(target: Target, symbols: Symbols, asParameter = false): void {
  switch (target.type) {
    case "Name":
      if (asParameter) symbols.declare(target.name);
      else symbols.store(target.name);
      return;
    case "TargetTuple":
      for (const item of target.items) analyzeTarget(item, symbols, asParameter);
      return;
    case "NamespaceAttribute":
      symbols.load(target.name);
      return;
  }
}

/** Enters the names of a macro's parameters and defaults. */
export function analyzeSignature(signature: Signature, symbols: Symbols): void {
  for (const param of signature.params) symbols.declare(param.name);
  for (const expr of signature.defaults) analyzeExpr(expr, symbols);
}

/** Enters the names that statements read and set in the scope they stand in, not in scopes of their own. */
export function analyzeBody(body: readonly Stmt[], symbols: Symbols): void {
  for (const node of body) analyzeStmt(node, symbols);
}

function analyzeStmt(node: Stmt, symbols: Symbols): void {
  switch (node.type) {
    case "Output":
      for (const item of node.items) if (item.type !== "Data") analyzeExpr(item, symbols);
      return;
    case "For":
      return analyzeExpr(node.iterable, symbols);
    case "If":
      return analyzeIf(node.branches, node.otherwise, symbols);
    case "Macro":
      return symbols.store(node.name);
    case "CallBlock":
      return analyzeExpr(node.call, symbols);
    case "FilterBlock":
      return analyzeExpr(node.filter, symbols);
    case "With":
      for (const value of node.values) analyzeExpr(value, symbols);
      return;
    case "Include":
    case "Extends":
      return analyzeExpr(node.template, symbols);
    case "Import":
      analyzeExpr(node.template, symbols);
      return symbols.store(node.target);
    case "FromImport":
      analyzeExpr(node.template, symbols);
      for (const { alias } of node.names) symbols.store(alias);
      return;
    case "Assign":
      analyzeExpr(node.value, symbols);
      return analyzeTarget(node.target, symbols);
    case "AssignBlock":
      if (node.filter !== undefined) analyzeExpr(node.filter, symbols);
      return analyzeTarget(node.target, symbols);
    case "Do":
      return analyzeExpr(node.expression, symbols);
    case "Block":
    case "Autoescape":
    case "Break":
    case "Continue":
    case "Debug":
      return;
  }
}

function analyzeIf(
  branches: readonly { readonly test: Expr; readonly body: readonly Stmt[] }[],
  otherwise: readonly Stmt[],
  symbols: Symbols,
): void {
  const [first, ...rest] = branches;
  if (first === undefined) return;
  analyzeExpr(first.test, symbols);
  const body = symbols.copy();
  analyzeBody(first.body, body);
  // Each `elif` is an `if` of its own within one branch, as if nested.
  const middle = symbols.copy();
  for (const branch of rest) analyzeIf([branch], [], middle);
  const last = symbols.copy();
  analyzeBody(otherwise, last);
  symbols.merge([body, middle, last]);
}

/** Which of `names` are read in the body before they are set there, in all scopes but blocks. */
export function undeclared(body: readonly Stmt[], names: readonly string[]): ReadonlySet<string> {
  const finder = new UndeclaredFinder(names);
  finder.body(body);
  return finder.found;
}

class UndeclaredFinder {
  readonly found = new Set<string>();
  readonly #names: Set<string>;

  constructor(names: readonly string[]) {
    this.#names = new Set(names);
  }

  body(body: readonly Stmt[]): void {
    for (const node of body) this.#stmt(node);
  }

  readonly #expr = (node: Expr): void => {
    if (node.type === "Name" && this.#names.has(node.name)) this.found.add(node.name);
    eachChild(node, this.#expr);
  };

  #target(target: Target): void {
    if (target.type === "Name") this.#names.delete(target.name);
    else if (target.type === "TargetTuple") for (const item of target.items) this.#target(item);
  }

  #signature(signature: Signature): void {
    for (const param of signature.params) this.#names.delete(param.name);
    for (const expr of signature.defaults) this.#expr(expr);
  }

  #stmt(node: Stmt): void {
    switch (node.type) {
      case "Output":
        for (const item of node.items) if (item.type !== "Data") this.#expr(item);
        return;
      case "For":
        this.#target(node.target);
        this.#expr(node.iterable);
        if (node.test !== undefined) this.#expr(node.test);
        this.body(node.body);
        return this.body(node.otherwise);
      case "If":
        for (const { test, body } of node.branches) {
          this.#expr(test);
          this.body(body);
        }
        return this.body(node.otherwise);
      case "Macro":
        this.#signature(node.signature);
        return this.body(node.body);
      case "CallBlock":
        this.#expr(node.call);
        this.#signature(node.signature);
        return this.body(node.body);
      case "FilterBlock":
        this.#expr(node.filter);
        return this.body(node.body);
      case "With":
        for (const target of node.targets) this.#target(target);
        for (const value of node.values) this.#expr(value);
        return this.body(node.body);
      case "Include":
      case "Import":
      case "FromImport":
      case "Extends":
        return this.#expr(node.template);
      case "Assign":
        this.#target(node.target);
        return this.#expr(node.value);
      case "AssignBlock":
        this.#target(node.target);
        if (node.filter !== undefined) this.#expr(node.filter);
        return this.body(node.body);
      case "Autoescape":
        this.#expr(node.value);
        return this.body(node.body);
      case "Do":
        return this.#expr(node.expression);
      case "Block":
      case "Break":
      case "Continue":
      case "Debug":
        return;
    }
  }
}

/** Whether any statement in the body, at any depth, satisfies `matches`. */
export function someStmt(body: readonly Stmt[], matches: (node: Stmt) => boolean): boolean {
  return body.some((node) => matches(node) || bodiesOf(node).some((inner) => someStmt(inner, matches)));
}

function bodiesOf(node: Stmt): readonly (readonly Stmt[])[] {
  switch (node.type) {
    case "For":
      return [node.body, node.otherwise];
    case "If":
      return [...node.branches.map((branch) => branch.body), node.otherwise];
    case "Macro":
    case "CallBlock":
    case "FilterBlock":
    case "With":
    case "Block":
    case "AssignBlock":
    case "Autoescape":
      return [node.body];
    default:
      return [];
  }
}
