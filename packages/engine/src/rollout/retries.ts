import { isLotseError } from "@lotse/core/kernel";
import { isConnectionLoss } from "../database/connection-loss.ts";

/** How often a step is tried whose failure may pass, and how long is waited between. */
export interface RetryPolicy {
  /** How often in all, the first time included. */
  readonly tries: number;
  /** The first wait in milliseconds; each one doubles it. */
  readonly firstMs: number;
  readonly longestMs: number;
}

/** Five tries within about eight seconds: a host that starts again takes longer, a lost packet does not. */
export const defaultRetries: RetryPolicy = { tries: 5, firstMs: 500, longestMs: 8000 };

/** How long to wait after so many failures, counted from 1. */
export function retryDelayMs({ firstMs, longestMs }: RetryPolicy, failures: number): number {
  return Math.min(firstMs * 2 ** (failures - 1), longestMs);
}

/** Whether the same may succeed later without any change. */
export function mayPass(error: unknown): boolean {
  return isLotseError(error) ? error.retryable : isConnectionLoss(error);
}
