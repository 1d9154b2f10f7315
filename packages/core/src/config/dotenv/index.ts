export { checkDotenv } from "./check.ts";
export { planExample } from "./example.ts";
export { exportVariables, textOf } from "./export.ts";
export { importVariables } from "./import.ts";
export { variableName } from "../schema/variable-path.ts";
export { parseDotenv } from "./reader.ts";
export { writeDotenv } from "./writer.ts";
