import type { PolicyRun } from "../policy/index.ts";
import { renderReport, type ReportFormat, type ReportOptions } from "../policy/reports/index.ts";
import { policyCheck, type PolicyRequest } from "./policy.ts";
import { openSession, type Session } from "./session.ts";

/** How a checker is made. */
export interface ComplianceOptions extends Pick<
  PolicyRequest,
  "environment" | "tenant" | "strict" | "sources"
> {
  /** The workspace, or a directory inside it. @defaultValue the current directory */
  readonly directory?: string;
  /** @defaultValue `process.env` */
  readonly variables?: Readonly<Record<string, string | undefined>>;
}

/**
 * Checks a workspace against frameworks, from a program. Each call reads the files as they are then.
 *
 * A result says what is evidenced. Whether an organisation is compliant is for its auditor to say.
 *
 * @example
 * ```ts
 * const checker = new ComplianceChecker({ environment: "prod" });
 * const { summary } = await checker.checkGdprCompliance();
 * ```
 */
export class ComplianceChecker {
  readonly #options: ComplianceOptions;

  constructor(options: ComplianceOptions = {}) {
    this.#options = options;
  }

  /** GDPR, for the tenants that it applies to. @throws LotseError as `policyCheck` */
  checkGdprCompliance(): Promise<PolicyRun> {
    return this.#check("gdpr");
  }

  /** SOC 2, for the tenants that it applies to. @throws LotseError as `policyCheck` */
  checkSoc2Compliance(): Promise<PolicyRun> {
    return this.#check("soc2");
  }

  /** HIPAA, for the tenants that it applies to. @throws LotseError as `policyCheck` */
  checkHipaaCompliance(): Promise<PolicyRun> {
    return this.#check("hipaa");
  }

  /** ISO/IEC 27001, for the tenants that it applies to. @throws LotseError as `policyCheck` */
  checkIso27001Compliance(): Promise<PolicyRun> {
    return this.#check("iso27001");
  }

  /** PCI DSS, for the tenants that it applies to. @throws LotseError as `policyCheck` */
  checkPciDssCompliance(): Promise<PolicyRun> {
    return this.#check("pci-dss");
  }

  /** Every check of every framework and profile. @throws LotseError as `policyCheck` */
  securityAudit(): Promise<PolicyRun> {
    return this.#check(undefined);
  }

  /**
   * A report of {@link ComplianceChecker.securityAudit}.
   *
   * @param format - @defaultValue "html"
   * @throws LotseError as `policyCheck`; `policy.report`
   */
  async generateReport(format: ReportFormat = "html", options: Partial<ReportOptions> = {}): Promise<string> {
    return renderReport(await this.securityAudit(), format, { version: "0.1.0", ...options });
  }

  async #check(framework: string | undefined): Promise<PolicyRun> {
    const { environment, tenant, strict, sources } = this.#options;
    return await policyCheck(this.#open(), { environment, tenant, strict, sources, framework });
  }

  #open(): Session {
    const { directory = process.cwd(), variables = process.env } = this.#options;
    return openSession({ directory, variables });
  }
}
