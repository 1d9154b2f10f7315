import { scopeMatches } from "../../glob.ts";
import type { ProbeSettings } from "../../settings.ts";
import { cachedSource, type Statement } from "../cached-source.ts";
import type { FactSource, FactValue } from "../fact.ts";
import { probeHttp } from "./http.ts";
import { portAnswers } from "./port.ts";
import { askPostgresql, type PostgresqlAnswer, type PostgresqlLogin } from "./postgresql-settings.ts";
import { probePostgresql } from "./postgresql.ts";
import { probeTls } from "./tls.ts";

type Answers = Readonly<Record<string, Statement | undefined>>;

/** Opens what a login of `policy/policy.yml` needs; `undefined` where that cannot be done, so that nothing is known. */
export type LoginOpener = (
  probe: ProbeSettings,
) => Promise<Pick<PostgresqlLogin, "password" | "ca"> | undefined>;

/**
 * Asks the running system what `policy/policy.yml` lists under `probes`, all at once, and makes facts of the
 * answers. What does not answer stays unknown.
 *
 * @param at - the moment, ISO 8601 in UTC
 * @param openLogin - without it, nobody logs in to databases
 * @throws LotseError `machine.missing` where a login is given and the package `pg` is not installed
 */
export async function openProbes(
  probes: readonly ProbeSettings[],
  at: string,
  openLogin: LoginOpener = () => Promise.resolve(undefined),
): Promise<FactSource> {
  const answered = await Promise.all(
    probes.map(async (probe) => ({
      probe,
      answers: { ...(await ask(probe, at)), ...(await askDatabase(probe, at, openLogin)) },
    })),
  );
  const provides = [
    "probe.tls",
    "probe.http",
    "probe.certificates",
    "probe.ports",
    "probe.postgresql",
    "probe.postgresql_settings",
    "probe.postgresql_tables",
    "probe.postgresql_access",
  ];
  return cachedSource("probe", provides, ({ environment, tenant }) => {
    const here = answered.filter(({ probe }) => scopeMatches(probe, environment, tenant));
    return Object.assign({}, ...here.map(({ answers }) => answers)) as Answers;
  });
}

async function askDatabase(probe: ProbeSettings, at: string, openLogin: LoginOpener): Promise<Answers> {
  const { postgresql } = probe;
  if (postgresql?.login === undefined) return {};
  const opened = await openLogin(probe);
  if (opened === undefined) return {};
  const { host, port, login } = postgresql;
  const { user, database, tls } = login;
  const answer = await askPostgresql({ host, port, user, database, tls, ...opened });
  if (answer === undefined) return {};
  const { settings, tables, loose }: PostgresqlAnswer = answer;
  const told = (value: FactValue): Statement => ({ value, path: `${placeOf(postgresql)}/${database}`, at });
  return {
    "probe.postgresql_settings": told(settings),
    "probe.postgresql_tables": told({ ...tables }),
    "probe.postgresql_access": loose === undefined ? undefined : told(loose.map((line) => ({ ...line }))),
  };
}

async function ask(probe: ProbeSettings, at: string): Promise<Answers> {
  const [tls, http, database, postgresql] = await Promise.all([
    Promise.all(probe.tls.map(({ host, port }) => probeTls(host, port))),
    Promise.all(probe.http.map((address) => probeHttp(address))),
    probe.ports === undefined ? undefined : portAnswers(probe.ports.host, probe.ports.database),
    probe.postgresql === undefined
      ? undefined
      : probePostgresql(probe.postgresql.host, probe.postgresql.port),
  ]);
  const spoke = tls.filter(({ versions }) => versions.length > 0);
  const answers = http.filter((answer) => answer !== undefined);
  const names = (hosts: readonly string[]): string => [...new Set(hosts)].join(", ");
  const told = (value: FactValue, path: string): Statement => ({ value, path, at });
  return {
    "probe.tls":
      spoke.length === 0
        ? undefined
        : told(
            { versions: [...new Set(spoke.flatMap(({ versions }) => versions))].sort() },
            names(spoke.map(placeOf)),
          ),
    "probe.certificates":
      spoke.length === 0
        ? undefined
        : told(
            spoke.map((each) => ({ name: placeOf(each), "not-after": each.notAfter ?? "" })),
            names(spoke.map(placeOf)),
          ),
    "probe.http":
      answers.length === 0
        ? undefined
        : told(
            {
              redirects_to_https: answers.every(({ redirectsToHttps }) => redirectsToHttps),
              // The weakest of them counts: one without the header is as good as none.
              hsts_max_age_seconds: answers.some(({ hstsMaxAgeSeconds }) => hstsMaxAgeSeconds === undefined)
                ? null
                : Math.min(...answers.map(({ hstsMaxAgeSeconds }) => hstsMaxAgeSeconds ?? 0)),
            },
            names(answers.map(({ address }) => address)),
          ),
    "probe.ports":
      database === undefined
        ? undefined
        : told({ database_open: database }, `${probe.ports?.host ?? ""}:${probe.ports?.database ?? ""}`),
    "probe.postgresql":
      postgresql === undefined
        ? undefined
        : told({ tls: postgresql }, `${probe.postgresql?.host ?? ""}:${probe.postgresql?.port ?? ""}`),
  };
}

function placeOf({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${host}:${port}`;
}
