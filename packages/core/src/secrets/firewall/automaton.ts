/** The bits of {@link Automaton.flags}: the state has one successor at least. */
export const hasNext = 1;
/** The state has several successors. */
export const hasBranches = 2;
/** A pattern ends in the state. */
export const isOutput = 4;
/** The state is that of a pattern's first byte. */
export const isFirst = 8;
/** The state is that of a pattern's first two bytes. */
export const isSecond = 16;

/** The state's failure and output are known; see {@link link}. */
export const isLinked = 32;

/** How many bytes the gate looks at together. */
export const gramBytes = 4;

/**
 * An Aho–Corasick automaton over bytes, laid out so that a million states stay small: a state's first child is
 * the state after it, so only branches need a table. It reads each byte once, whatever text and patterns are.
 *
 * Failures are worked out when a state is first reached: most texts reach few states, and those of many secrets
 * would take seconds.
 *
 * @see https://doi.org/10.1145/360825.360855 Aho and Corasick, Efficient string matching, 1975
 */
export interface Automaton {
  /** For each state the byte that leads into it from the state before. */
  readonly bytes: Uint8Array;
  readonly flags: Uint8Array;
  /** For each linked state the longest proper suffix that is a state as well, and linked. */
  readonly failures: Int32Array;
  /** The children of the root by their byte; 0 where there is none. */
  readonly root: Int32Array;
  readonly branches: BranchTable;
  /** For a state with {@link isOutput} the longest pattern that ends in it. */
  readonly outputs: Map<number, number>;
  /** The length of each pattern in bytes. */
  readonly lengths: Int32Array;
  /** The length of the longest pattern in bytes; 0 without patterns. */
  readonly longest: number;
  /** Tells where a pattern may begin; `null` when some pattern is shorter than four bytes. */
  readonly gate: Gate | null;
  /** How many bytes of a pattern have been seen in a state. */
  depthOf(state: number): number;
  /** The state before, one byte shorter. */
  parentOf(state: number): number;
}

/** Children beside the first: an open hash table from state and byte to state. */
export interface BranchTable {
  readonly mask: number;
  readonly states: Int32Array;
  readonly bytes: Uint8Array;
  readonly targets: Int32Array;
}

/**
 * Tells where a pattern may begin, from four bytes at every `stride`-th place: all runs of four bytes among
 * the first bytes of each pattern are known, so one of the places looked at falls on one of them. Where four
 * bytes are none of these, the automaton need not run. A bit table answers that for nearly all places.
 *
 * This is the block shift of Wu and Manber with a shift that is always the same.
 *
 * @see https://webglimpse.net/pubs/TR94-17.pdf A fast algorithm for multi-pattern searching, 1994
 */
export interface Gate {
  /** How many bytes apart the places looked at are: 1 to 5, by the shortest pattern. */
  readonly stride: number;
  /** The bit of four bytes is the one that the upper bits of their hash count. */
  readonly bitShift: number;
  readonly bits: Int32Array;
  /** An open hash table of the runs, little-endian; 0 is free. */
  readonly mask: number;
  readonly grams: Int32Array;
}

/** A multiplier that spreads consecutive numbers: 2^32 divided by the golden ratio, made odd. */
export const spread = 0x9e3779b1;

/** The place where the search for a branch starts. */
export function branchSlot(state: number, byte: number, mask: number): number {
  return (Math.imul(Math.imul(state, spread) ^ byte, spread) >>> 7) & mask;
}

/** Follows a byte from a linked state to a linked state; the automaton's only transition. */
export function step(automaton: Automaton, from: number, byte: number): number {
  const target = transition(automaton, from, byte);
  if (((automaton.flags[target] as number) & isLinked) === 0) link(automaton, target);
  return target;
}

function transition(automaton: Automaton, from: number, byte: number): number {
  const { bytes, flags, failures, root, branches } = automaton;
  let state = from;
  while (state !== 0) {
    const flag = flags[state] as number;
    if ((flag & hasNext) !== 0 && bytes[state + 1] === byte) return state + 1;
    if ((flag & hasBranches) !== 0) {
      const target = findBranch(branches, state, byte);
      if (target !== 0) return target;
    }
    state = failures[state] as number;
  }
  return root[byte] as number;
}

/** Works out a state's failure and output, after those of its parent and of the failure itself. */
export function link(automaton: Automaton, state: number): void {
  const { bytes, flags, failures, outputs } = automaton;
  const isKnown = (one: number): boolean => ((flags[one] as number) & isLinked) !== 0;
  // Both are shorter than the state, so this ends; a stack of our own, as patterns may be long.
  const waiting = [state];
  for (let top = state; ; top = waiting.at(-1) as number) {
    const parent = automaton.parentOf(top);
    if (!isKnown(parent)) {
      waiting.push(parent);
      continue;
    }
    const failure =
      parent === 0 ? 0 : transition(automaton, failures[parent] as number, bytes[top] as number);
    if (!isKnown(failure)) {
      waiting.push(failure);
      continue;
    }
    failures[top] = failure;
    flags[top] = (flags[top] as number) | isLinked;
    // A state that completes no pattern itself may end with a shorter one.
    if (((flags[top] as number) & isOutput) === 0 && ((flags[failure] as number) & isOutput) !== 0) {
      outputs.set(top, outputs.get(failure) as number);
      flags[top] = (flags[top] as number) | isOutput;
    }
    waiting.pop();
    if (waiting.length === 0) return;
  }
}

/** @returns 0 where there is no such branch */
export function findBranch(branches: BranchTable, state: number, byte: number): number {
  let slot = branchSlot(state, byte, branches.mask);
  for (;;) {
    const target = branches.targets[slot] as number;
    if (target === 0 || (branches.states[slot] === state && branches.bytes[slot] === byte)) return target;
    slot = (slot + 1) & branches.mask;
  }
}

/** Whether four bytes are among the first of some pattern. Four zeros always count. */
export function hasGram(gate: Gate, gram: number): boolean {
  let slot = gramSlot(gram, gate.mask);
  for (;;) {
    const found = gate.grams[slot] as number;
    if (found === gram) return true;
    if (found === 0) return false;
    slot = (slot + 1) & gate.mask;
  }
}

/** The place where the search for four bytes starts. */
export function gramSlot(gram: number, mask: number): number {
  return (Math.imul(gram, spread) >>> 5) & mask;
}
