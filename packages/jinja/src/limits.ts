import { DepthLimitError, OutputLimitError, SizeLimitError, StepLimitError } from "./errors.ts";

/** What one rendering may use up. Counts, not times: the same template ends the same way everywhere. */
export interface Limits {
  /** Units of work: one per evaluated expression node, loop turn, list element or 16 characters. @defaultValue 2 500 000 */
  readonly maxSteps: number;
  /** Items of one `range()`. @defaultValue 100 000, as in Jinja2 */
  readonly maxRange: number;
  /** Characters of the whole output. @defaultValue 16 777 216 */
  readonly maxOutputSize: number;
  /** Nested includes, macros, blocks and loop recursions. @defaultValue 150 */
  readonly maxDepth: number;
  /** Characters of one string, elements of one list, bits of one integer. @defaultValue 1 048 576 */
  readonly maxValueSize: number;
  /** Characters of one template's source. @defaultValue 262 144 */
  readonly maxSourceSize: number;
  /**
   * Pieces of output, and lines of it, that `renderDetailed` tells the origin of; past that it renders on and tells no
   * more. @defaultValue 100 000
   */
  readonly maxTrace: number;
}

/** The limits that hold when an environment names none. */
export const defaultLimits: Limits = {
  maxSteps: 2_500_000,
  maxRange: 100_000,
  maxOutputSize: 16_777_216,
  maxDepth: 150,
  maxValueSize: 1_048_576,
  maxSourceSize: 262_144,
  maxTrace: 100_000,
};

/** Nesting that values may have before walking them gives up; keeps recursion off the end of the stack. */
export const maxValueDepth = 200;

/** Counts what one rendering uses up and stops it when a limit is reached. */
export class Budget {
  readonly limits: Limits;
  steps = 0;
  depth = 0;
  /** Nesting of the values being compared. */
  valueDepth = 0;

  constructor(limits: Limits = defaultLimits) {
    this.limits = limits;
  }

  /** @throws {@link StepLimitError} when the work so far and `units` pass the limit. */
  charge(units: number): void {
    this.steps += units;
    if (this.steps > this.limits.maxSteps) throw new StepLimitError(this.limits.maxSteps);
  }

  /**
   * Books a string before it is built.
   * @throws {@link SizeLimitError} when it is too long, {@link StepLimitError} when all strings are.
   */
  chargeText(length: number): void {
    if (length > this.limits.maxValueSize) {
      throw new SizeLimitError("a string", this.limits.maxValueSize);
    }
    this.charge(1 + length / 16);
  }

  /**
   * Books a list before it is built.
   * @throws {@link SizeLimitError} when it is too long, {@link StepLimitError} when all lists are.
   */
  chargeItems(length: number): void {
    if (length > this.limits.maxValueSize) {
      throw new SizeLimitError("a list", this.limits.maxValueSize);
    }
    this.charge(1 + length);
  }

  /** @throws {@link OutputLimitError} when the output would have `length` characters and that is too many. */
  checkOutput(length: number): void {
    if (length > this.limits.maxOutputSize) throw new OutputLimitError(this.limits.maxOutputSize);
  }

  /** Runs `body` one level deeper. @throws {@link DepthLimitError} past `limits.maxDepth`. */
  nested<T>(what: string, body: () => T): T {
    if (this.depth >= this.limits.maxDepth) throw new DepthLimitError(what);
    this.depth += 1;
    try {
      return body();
    } finally {
      this.depth -= 1;
    }
  }
}
