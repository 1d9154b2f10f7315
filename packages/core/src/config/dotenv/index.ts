export { checkDotenv } from "./check.ts";
export { planExample } from "./example.ts";
export { parseDotenv } from "./parse.ts";
export { exportVariables, importVariables, textOf } from "./variables.ts";
export { variableName, writeDotenv } from "./write.ts";
