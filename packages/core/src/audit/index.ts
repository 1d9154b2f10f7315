export {
  openAuditLog,
  type AuditLog,
  type AuditLogOptions,
  type Responsible,
  type SignedCheckpoint,
} from "./log/audit-log.ts";
export { maxBatch } from "./log/writer.ts";
export type { AnchorReport } from "./log/anchor.ts";
export type { ErasureReport } from "./log/erasure.ts";
export { verifyExport, type ExportOptions, type ExportReport } from "./log/export.ts";
export {
  formatProof,
  inclusionProofSchema,
  parseProof,
  verifyConsistencyProof,
  verifyProof,
  type ConsistencyProof,
  type InclusionProof,
} from "./log/prove.ts";
export type { EntryFilter, EntryView } from "./log/query.ts";
export type { FaultKind, VerifyReport, WitnessReport } from "./log/report.ts";
export {
  retentionTermsSchema,
  type RetentionGroup,
  type RetentionPlan,
  type RetentionTerms,
} from "./log/retention.ts";
export { actorIdSchema } from "./entry/entry.ts";
export type { AuditRecord, PersonalData } from "./entry/compose.ts";
export type { Checkpoint } from "./note/checkpoint.ts";
export { FileAuditStore, type FileStoreOptions } from "./store/file/file-store.ts";
export type {
  AuditBatch,
  AuditPage,
  AuditStore,
  AuditTransaction,
  LogIdentity,
  UnsignedBatch,
} from "./store/store.ts";
export { MemoryAuditStore } from "./store/memory-store.ts";
export { cosigningWitness, type CosigningWitnessOptions } from "./witness/cosigning-witness.ts";
export { gitWitness, type GitWitnessOptions } from "./witness/git-witness.ts";
export { fileWitness, type FileWitnessOptions } from "./witness/file-witness.ts";
export type { Witness, WitnessUpdate } from "./witness/witness.ts";
