import type { BinaryOperator } from "../values/arithmetic.ts";
import type { Value } from "../values/object.ts";

/** What all nodes of the syntax tree have. */
interface At {
  /** Offset in the template's normalised source. */
  readonly position: number;
}

/** Arguments of a call, filter or test. */
export interface Arguments {
  readonly args: readonly Expr[];
  readonly kwargs: readonly { readonly name: string; readonly value: Expr }[];
  readonly dynamicArgs: Expr | undefined;
  readonly dynamicKwargs: Expr | undefined;
}

/** The operators of comparison, in the template's own spelling. */
export type CompareOperator = "==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "not in";

/** A variable. */
export type NameNode = At & { readonly type: "Name"; readonly name: string };
/** A literal. */
type ConstNode = At & { readonly type: "Const"; readonly value: Value };
/** `(a, b)` */
type TupleNode = At & { readonly type: "Tuple"; readonly items: readonly Expr[] };
/** `[a, b]` */
type ListNode = At & { readonly type: "List"; readonly items: readonly Expr[] };
/** `{a: b}` */
export type DictNode = At & {
  readonly type: "Dict";
  readonly pairs: readonly { readonly key: Expr; readonly value: Expr }[];
};
/** `a if b else c` */
export type ConditionNode = At & {
  readonly type: "Condition";
  readonly test: Expr;
  readonly consequent: Expr;
  readonly otherwise: Expr | undefined;
};
/** `input` is unset where a block of text is filtered. */
export type FilterNode = At & {
  readonly type: "Filter";
  readonly input: Expr | undefined;
  readonly name: string;
  readonly call: Arguments;
};
/** `a is b` */
export type TestNode = At & {
  readonly type: "Test";
  readonly input: Expr;
  readonly name: string;
  readonly call: Arguments;
};
/** `a(b)` */
export type CallNode = At & {
  readonly type: "Call";
  readonly callee: Expr;
  readonly call: Arguments;
};
/** `a.b` */
export type AttributeNode = At & {
  readonly type: "Attribute";
  readonly object: Expr;
  readonly name: string;
};
/** `a[b]` */
type ItemNode = At & { readonly type: "Item"; readonly object: Expr; readonly key: Expr };
/** `a[b:c:d]` */
export type SliceNode = At & {
  readonly type: "Slice";
  readonly object: Expr;
  readonly start: Expr | undefined;
  readonly stop: Expr | undefined;
  readonly step: Expr | undefined;
};
/** `a ~ b` */
type ConcatNode = At & { readonly type: "Concat"; readonly items: readonly Expr[] };
/** `a < b < c` */
export type CompareNode = At & {
  readonly type: "Compare";
  readonly first: Expr;
  readonly rest: readonly { readonly operator: CompareOperator; readonly operand: Expr }[];
};
/** Arithmetic. */
type BinaryNode = At & {
  readonly type: "Binary";
  readonly operator: BinaryOperator;
  readonly left: Expr;
  readonly right: Expr;
};
/** `a and b`, `a or b` */
type LogicNode = At & {
  readonly type: "And" | "Or";
  readonly left: Expr;
  readonly right: Expr;
};
/** `not a`, `-a`, `+a` */
type UnaryNode = At & {
  readonly type: "Not" | "Negative" | "Positive";
  readonly operand: Expr;
};

/** An expression. */
export type Expr =
  | NameNode
  | ConstNode
  | TupleNode
  | ListNode
  | DictNode
  | ConditionNode
  | FilterNode
  | TestNode
  | CallNode
  | AttributeNode
  | ItemNode
  | SliceNode
  | ConcatNode
  | CompareNode
  | BinaryNode
  | LogicNode
  | UnaryNode;

/** What can stand left of `=` in `set`, `for` and `with`. */
export type Target =
  | NameNode
  | (At & { readonly type: "TargetTuple"; readonly items: readonly Target[] })
  | (At & { readonly type: "NamespaceAttribute"; readonly name: string; readonly attribute: string });

/** Text of the template. */
export type DataNode = At & { readonly type: "Data"; readonly text: string };
/** Text and `{{ … }}` between statements. */
export type OutputNode = At & { readonly type: "Output"; readonly items: readonly (DataNode | Expr)[] };
/** `{% for %}` */
export type ForNode = At & {
  readonly type: "For";
  readonly target: Target;
  readonly iterable: Expr;
  readonly test: Expr | undefined;
  readonly recursive: boolean;
  readonly body: readonly Stmt[];
  readonly otherwise: readonly Stmt[];
};
/** `{% if %}` */
export type IfNode = At & {
  readonly type: "If";
  readonly branches: readonly { readonly test: Expr; readonly body: readonly Stmt[] }[];
  readonly otherwise: readonly Stmt[];
};
/** Parameters of a macro or call block; the last ones have the defaults. */
export interface Signature {
  readonly params: readonly NameNode[];
  readonly defaults: readonly Expr[];
}
/** `{% macro %}` */
export type MacroNode = At & {
  readonly type: "Macro";
  readonly name: string;
  readonly signature: Signature;
  readonly body: readonly Stmt[];
};
/** `{% call %}` */
export type CallBlockNode = At & {
  readonly type: "CallBlock";
  readonly call: CallNode;
  readonly signature: Signature;
  readonly body: readonly Stmt[];
};
/** `{% filter %}` */
export type FilterBlockNode = At & {
  readonly type: "FilterBlock";
  readonly filter: Expr;
  readonly body: readonly Stmt[];
};
/** `{% with %}` */
export type WithNode = At & {
  readonly type: "With";
  readonly targets: readonly Target[];
  readonly values: readonly Expr[];
  readonly body: readonly Stmt[];
};
/** `{% block %}` */
export type BlockNode = At & {
  readonly type: "Block";
  readonly name: string;
  readonly scoped: boolean;
  readonly required: boolean;
  readonly body: readonly Stmt[];
};
/** `{% include %}` */
export type IncludeNode = At & {
  readonly type: "Include";
  readonly template: Expr;
  readonly ignoreMissing: boolean;
  readonly withContext: boolean;
};
/** `{% import %}` */
export type ImportNode = At & {
  readonly type: "Import";
  readonly template: Expr;
  readonly target: string;
  readonly withContext: boolean;
};
/** `{% from … import … %}` */
export type FromImportNode = At & {
  readonly type: "FromImport";
  readonly template: Expr;
  readonly names: readonly { readonly name: string; readonly alias: string }[];
  readonly withContext: boolean;
};
/** `{% extends %}` */
export type ExtendsNode = At & { readonly type: "Extends"; readonly template: Expr };
/** `{% set a = b %}` */
export type AssignNode = At & {
  readonly type: "Assign";
  readonly target: Target;
  readonly value: Expr;
};
/** `{% set a %}…{% endset %}` */
export type AssignBlockNode = At & {
  readonly type: "AssignBlock";
  readonly target: Target;
  readonly filter: Expr | undefined;
  readonly body: readonly Stmt[];
};
/** `{% autoescape %}` */
export type AutoescapeNode = At & {
  readonly type: "Autoescape";
  readonly value: Expr;
  readonly body: readonly Stmt[];
};
/** `{% do %}` */
type DoNode = At & { readonly type: "Do"; readonly expression: Expr };
/** `{% break %}`, `{% continue %}`, `{% debug %}` */
type JumpNode = At & { readonly type: "Break" | "Continue" | "Debug" };

/** A statement. */
export type Stmt =
  | OutputNode
  | ForNode
  | IfNode
  | MacroNode
  | CallBlockNode
  | FilterBlockNode
  | WithNode
  | BlockNode
  | IncludeNode
  | ImportNode
  | FromImportNode
  | ExtendsNode
  | AssignNode
  | AssignBlockNode
  | AutoescapeNode
  | DoNode
  | JumpNode;
