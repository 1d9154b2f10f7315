import { isLotseError, LotseError } from "../../kernel/index.ts";

/** Whatever prevents an entry is one error to those who append; the cause says more. */
export function unavailable(cause: unknown): LotseError {
  if (isLotseError(cause) && cause.code === "audit.unavailable") return cause;
  const why = cause instanceof Error ? cause.message : "unknown cause";
  return new LotseError({
    code: "audit.unavailable",
    message: `the audit log cannot be written, so nothing was done: ${why}`,
    hint: isLotseError(cause) ? cause.hint : "check that the disk is not full and that you may write there",
    where: isLotseError(cause) ? cause.where : undefined,
    cause,
    retryable: isLotseError(cause) && cause.retryable,
  });
}
