export { decodeText } from "./inventory/error.ts";
export { inventoryKinds, kindOf, readInventory, type InventoryKind } from "./inventory/index.ts";
export { releaseOf } from "./inventory/system.ts";
export { runNpmAudit } from "./npm-audit.ts";
export { readOsv } from "./osv.ts";
export type { InstalledPackage, SkippedPackage } from "./package.ts";
export {
  PackageIndex,
  scanRecord,
  settleFindings,
  type Finding,
  type RawFinding,
  type ScanRecord,
} from "./scan.ts";
export { defaultTerms, type Terms } from "./severity.ts";
