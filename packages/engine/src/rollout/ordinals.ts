/** Where the steps stand that the engine does besides those of the plan: before all of them, and after. */
export const ordinals = { plan: -2, begin: -1, end: 1_000_000 } as const;
