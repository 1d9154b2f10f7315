/** What `Date` is once somebody has set the machine's clock. */
export function jumpedDate(byMs: number): typeof Date {
  const real = Date;
  return class extends real {
    constructor(...parts: ConstructorParameters<typeof Date> | []) {
      if (parts.length === 0) super(real.now() + byMs);
      else super(...parts);
    }

    static override now(): number {
      return real.now() + byMs;
    }
  } as typeof Date;
}
