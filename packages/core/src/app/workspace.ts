/**
 * Use cases of a workspace and its configuration, apart from those of secrets, templates, policy and releases:
 * what is asked for most often starts without loading what it does not need.
 */
export { examineMachine, oldestNode, type DoctorCheck } from "./doctor.ts";
export { impactOf, type ImpactReport } from "./impact.ts";
export { initWorkspace } from "./init.ts";
export { openSession, type Session, type SessionOptions } from "./session.ts";
export { validateScopes, type ValidationReport } from "./validation.ts";
export { checkEnvFile, exampleOf, exportEnv, importEnv } from "./dotenv.ts";
export { editFile, type EditRequest, type EditResult } from "./edit.ts";
