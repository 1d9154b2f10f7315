export { LotseError, Sensitive } from "./kernel/index.ts";
