import { looksGenerated } from "./entropy.ts";
import { namedValueRule } from "./named-value.ts";
import { isFiller, isPlaceholder } from "./placeholder.ts";
import { privateKeyRule } from "./private-key.ts";
import { patternRule, type Rule } from "./rule.ts";
import { isJwt, publicJwtSignature } from "./tokens.ts";

/** Whether something that has the form of a key also looks like one, and not like an example. */
function isReal(value: string): boolean {
  return !isPlaceholder(value) && new Set(value).size >= 8;
}

/** Machines that only the developer reaches, services of a compose file, and hosts of documentation. */
const localHosts =
  /^(?:localhost|127\.0\.0\.1|\[::1\]|0\.0\.0\.0|host\.docker\.internal|(?:[\w-]+\.)*example\.(?:com|org|net)|[\w-]+\.(?:test|example|invalid|localhost)|[a-z][\w-]*)(?=[:/?"'`\s]|$)/iu;

/** A default such as `postgres:postgres` is no secret where only the developer reaches it. */
function isConnectionPassword(password: string, match: RegExpExecArray): boolean {
  let plain = password;
  try {
    plain = decodeURIComponent(password);
  } catch {
    // Not percent-encoded after all.
  }
  if (isFiller(plain)) return false;
  const after = match.input.slice(match.index + match[0].length, match.index + match[0].length + 253);
  return !((plain === match.groups?.["user"] || isPlaceholder(plain)) && localHosts.test(after));
}

/** Our own rules; secretlint's come on top of them. */
export const ownRules: readonly Rule[] = [
  patternRule({
    id: "age-secret-key",
    message: "a private age key stands here",
    anchors: ["AGE-SECRET-KEY-", "age-secret-key-"],
    pattern: /\bAGE-SECRET-KEY-(?:PQ-)?1[02-9AC-HJ-NP-Z]{58,120}(?![0-9A-Z])/giu,
    accepts: isReal,
    inLockFiles: true,
  }),
  patternRule({
    id: "age-plugin-identity",
    severity: "warning",
    message: "the identity of an age plugin stands here",
    hint: "keep it out of the repository unless the plugin's documentation says that it may be public",
    anchors: ["AGE-PLUGIN-"],
    pattern: /\bAGE-PLUGIN-[A-Z0-9+._-]{1,40}-1[02-9AC-HJ-NP-Z]{10,400}(?![0-9A-Z])/gu,
    accepts: isReal,
  }),
  privateKeyRule,
  patternRule({
    id: "putty-private-key",
    message: "a private key in PuTTY's format stands here",
    anchors: ["PuTTY-User-Key-File-"],
    pattern:
      /PuTTY-User-Key-File-[23]: [^]{1,4096}?Private-Lines: \d+\r?\n(?<value>[A-Za-z0-9+/=\r\n]{30,8192})/gu,
  }),
  patternRule({
    id: "vault-token",
    message: "a token of HashiCorp Vault or OpenBao stands here",
    anchors: ["hvs.", "hvb.", "hvr."],
    pattern: /(?<![\w.-])hv[sbr]\.[A-Za-z0-9_-]{24,300}/gu,
    accepts: isReal,
  }),
  patternRule({
    id: "vault-legacy-token",
    message: "a token of HashiCorp Vault, in the form before version 1.10, stands here",
    anchors: ["s."],
    pattern: /(?<![\w.$)\]'-])s\.[A-Za-z0-9]{24}(?![\w.([-])/gu,
    accepts: (value) => isReal(value) && /\d/u.test(value) && looksGenerated(value.slice(2)),
  }),
  patternRule({
    id: "jwt",
    message: "a JSON Web Token stands here",
    anchors: ["eyJ", "ewog"],
    pattern: /(?<![\w-])(?:eyJ|ewog)[\w-]{8,2000}\.(?:eyJ|ewog)[\w-]{2,8000}\.[\w-]{0,2000}/gu,
    accepts: (value) => isJwt(value) && !value.endsWith(publicJwtSignature),
  }),
  patternRule({
    id: "connection-string",
    message: "a connection string with a password stands here",
    anchors: ["://"],
    pattern:
      /\b(?:postgres(?:ql)?|mysql|mariadb|mssql|sqlserver|rediss?|valkey|mongodb|amqps?|mqtts?|nats|clickhouse|cassandra|ldaps?|smtps?|imaps?|s?ftps?|ssh|git|https?)(?:\+\w{1,20})?:\/\/(?<user>[^\s:@/"'`<>\\]{0,256}):(?<value>[^\s:@/"'`<>\\]{1,256})@(?=[\w[$%{.-])/giu,
    accepts: isConnectionPassword,
    inLockFiles: true,
  }),
  ...cloudRules(),
  namedValueRule,
];

/** Keys that are recognised by their form alone and that secretlint's preset does not know. */
function cloudRules(): readonly Rule[] {
  const key = (id: string, owner: string, anchors: readonly string[], pattern: RegExp): Rule =>
    patternRule({ id, message: `a key of ${owner} stands here`, anchors, pattern, accepts: isReal });
  return [
    key(
      "aws-access-key-id",
      "Amazon Web Services",
      ["AKIA", "ASIA"],
      /(?<![A-Za-z0-9])A(?:KI|SI)A[A-Z2-7]{16}(?![A-Za-z0-9])/gu,
    ),
    key("google-api-key", "Google", ["AIza"], /(?<![\w-])AIza[\w-]{35}(?![\w-])/gu),
    key("azure-storage-key", "Azure Storage", ["AccountKey="], /AccountKey=(?<value>[A-Za-z0-9+/]{86}==)/gu),
    key("digitalocean-token", "DigitalOcean", ["do"], /\bdo[opr]_v1_[a-f0-9]{64}\b/gu),
    key("terraform-token", "HCP Terraform", [".atlasv1."], /\b[A-Za-z0-9]{14}\.atlasv1\.[\w-]{60,80}/gu),
    key("telegram-bot-token", "a Telegram bot", [":AA"], /(?<![\w:])\d{8,10}:AA[\w-]{33}(?![\w-])/gu),
    key("pypi-token", "PyPI", ["pypi-AgE"], /\bpypi-AgE[\w-]{50,300}/gu),
    key("mailgun-key", "Mailgun", ["key-"], /(?<![\w-])key-[a-f0-9]{32}(?![\w-])/gu),
  ];
}
