/** Jinja2 3.1 for TypeScript: Python's semantics, always sandboxed, no dependencies. */
export * from "./errors.ts";
export {
  Environment,
  ImmutableSandboxedEnvironment,
  SandboxedEnvironment,
  type Table,
} from "./environment.ts";
export { type Limits, defaultLimits } from "./limits.ts";
export {
  ChoiceLoader,
  DictLoader,
  FileSystemLoader,
  FunctionLoader,
  type Loader,
  PrefixLoader,
  type TemplateSource,
} from "./loaders.ts";
export type { EnvironmentOptions, ExtensionName, RenderContext } from "./options.ts";
export type { OutputLine } from "./output/output-map.ts";
export type { YamlHazard, YamlWarning } from "./output/yaml-check.ts";
export type { Interceptor, Policies } from "./runtime/runtime.ts";
export { passContext, passEnvironment, passEvalContext, templateString } from "./runtime/host.ts";
export { type DetailedRendering, Template } from "./template.ts";
export { Float } from "./values/float.ts";
export { Markup } from "./values/markup.ts";
export type { BinaryOperator } from "./values/arithmetic.ts";
export { Tuple } from "./values/tuple.ts";
export {
  ChainableUndefined,
  DebugUndefined,
  StrictUndefined,
  Undefined,
  type UndefinedClass,
  type UndefinedLogger,
  makeLoggingUndefined,
} from "./values/undefined.ts";
