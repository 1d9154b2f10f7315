export { DictLoader } from "@lotse/jinja";
export { encode, encoders, type Encoder } from "./encoders.ts";
export { TemplateFailure } from "./failure.ts";
export { FilesLoader } from "./loader.ts";
export { applyOutput, planOutput, type OutputPlan } from "./output.ts";
export { listTemplates, targetOf, type Target } from "./target.ts";
export { TemplateSet, type MissingName, type Rendering } from "./template-set.ts";
export { type DiffLine } from "./unified.ts";
export { isTemplateValue, opaqueText, pendingValue, writtenFloat } from "./values.ts";
