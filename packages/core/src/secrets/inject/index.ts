export { assertNoSecretInArguments } from "./arguments.ts";
export { writeArtefact, type Artefact } from "./artefact.ts";
export { runWithVariables } from "./child.ts";
export type { RunOutcome, RunRequest } from "./run-request.ts";
export { runInteractive, type InteractiveOptions, type RunInteractive } from "./child-interactive.ts";
export type { ChildStdio, OutputFilter } from "./child-output.ts";
export type { SignalSource } from "./child-signals.ts";
export { describeCiPlan, type CiPlan, type CiStep } from "./ci-plan.ts";
export {
  renderComposeEnvFile,
  renderDotenv,
  type ComposeEnvFile,
  type ComposeOptions,
  type DotenvOptions,
} from "./dotenv-file.ts";
export type { DotenvDialect, FormatLine } from "./dotenv-line.ts";
export { isKeyVariable, type ProcessEnvironment } from "./environment.ts";
export { renderExternalSecret, type ExternalSecretOptions } from "./external-secret.ts";
export { planGithub, type GithubTarget } from "./github-plan.ts";
export { planGitlab, type GitlabTarget } from "./gitlab-plan.ts";
export { maxObjectBytes, renderConfigMap, renderSecret, type KubernetesObject } from "./kubernetes.ts";
export { openPlace, type PlaceRequest, type PrivatePlace } from "./private-place.ts";
export type { InjectedVariable, SecretLocation } from "./variable.ts";
export { wipeDirectory } from "./wipe.ts";
