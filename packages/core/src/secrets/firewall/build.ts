import {
  branchSlot,
  gramBytes,
  gramSlot,
  hasBranches,
  hasNext,
  isOutput,
  isFirst,
  isLinked,
  isSecond,
  spread,
  type Automaton,
  type BranchTable,
  type Gate,
} from "./automaton.ts";

/** How many of a pattern's first bytes the gate looks at, if it has that many. */
const maxWindow = 8;

/**
 * Builds the automaton of patterns.
 *
 * @param patterns - not empty, and no two the same; a match names them by their index
 */
export function buildAutomaton(patterns: readonly Uint8Array[]): Automaton {
  const shortest = patterns.reduce((least, { length }) => Math.min(least, length), maxWindow);
  const trie = buildTrie(patterns);
  trie.flags[0] = isLinked;
  const lengths = Int32Array.from(patterns, (pattern) => pattern.length);
  return {
    bytes: trie.bytes,
    flags: trie.flags,
    failures: new Int32Array(trie.size),
    root: trie.root,
    branches: trie.branches,
    outputs: trie.outputs,
    lengths,
    longest: lengths.reduce((most, length) => Math.max(most, length), 0),
    gate: shortest < gramBytes ? null : buildGate(patterns, shortest),
    ...chainFinder(trie),
  };
}

/** The tree of all prefixes, before it knows where to go on a mismatch. */
interface Trie {
  readonly size: number;
  readonly bytes: Uint8Array;
  readonly flags: Uint8Array;
  readonly root: Int32Array;
  readonly branches: BranchTable;
  readonly outputs: Map<number, number>;
  /** Where chains of states without a gap begin, ascending; how deep their first state is, and its parent. */
  readonly chainStarts: readonly number[];
  readonly chainDepths: readonly number[];
  readonly chainParents: readonly number[];
}

/** Sorted patterns share a prefix with the one before, so each adds one chain below a state on its path. */
function buildTrie(patterns: readonly Uint8Array[]): Trie {
  const order = patterns.map((_, index) => index);
  order.sort((left, right) => Buffer.compare(patterns[left] as Uint8Array, patterns[right] as Uint8Array));
  const total = patterns.reduce((sum, { length }) => sum + length, 1);
  const bytes = new Uint8Array(total + 1);
  const flags = new Uint8Array(total + 1);
  const root = new Int32Array(256);
  const branches = emptyBranches(patterns.length);
  const outputs = new Map<number, number>();
  const chainStarts: number[] = [];
  const chainDepths: number[] = [];
  const chainParents: number[] = [];
  const path: number[] = [0];
  let last: Uint8Array = new Uint8Array();
  let size = 1;
  for (const index of order) {
    const pattern = patterns[index] as Uint8Array;
    const shared = commonPrefix(last, pattern);
    const from = path[shared] as number;
    if (shared === pattern.length) throw new TypeError("patterns must differ and not be empty");
    if (from === 0) root[pattern[0] as number] = size;
    else if (from === size - 1) flags[from] = (flags[from] as number) | hasNext;
    else {
      flags[from] = (flags[from] as number) | hasBranches;
      insertBranch(branches, from, pattern[shared] as number, size);
    }
    chainStarts.push(size);
    chainDepths.push(shared + 1);
    chainParents.push(from);
    for (let depth = shared; depth < pattern.length; depth++) {
      bytes[size] = pattern[depth] as number;
      flags[size] = (depthFlags[depth] ?? 0) | (depth + 1 < pattern.length ? hasNext : 0);
      path[depth + 1] = size;
      size++;
    }
    outputs.set(size - 1, index);
    flags[size - 1] = (flags[size - 1] as number) | isOutput;
    last = pattern;
  }
  return { size, bytes, flags, root, branches, outputs, chainStarts, chainDepths, chainParents };
}

const depthFlags = [isFirst, isSecond] as const;

function commonPrefix(left: Uint8Array, right: Uint8Array): number {
  const limit = Math.min(left.length, right.length);
  let length = 0;
  while (length < limit && left[length] === right[length]) length++;
  return length;
}

function emptyBranches(count: number): BranchTable {
  const size = powerOfTwo(4 * count + 16);
  return {
    mask: size - 1,
    states: new Int32Array(size),
    bytes: new Uint8Array(size),
    targets: new Int32Array(size),
  };
}

function insertBranch(table: BranchTable, state: number, byte: number, target: number): void {
  let slot = branchSlot(state, byte, table.mask);
  while (table.targets[slot] !== 0) slot = (slot + 1) & table.mask;
  table.states[slot] = state;
  table.bytes[slot] = byte;
  table.targets[slot] = target;
}

function buildGate(patterns: readonly Uint8Array[], window: number): Gate {
  const stride = window - gramBytes + 1;
  const known = new Set<number>();
  for (const pattern of patterns) {
    for (let offset = 0; offset < stride; offset++) known.add(gramAt(pattern, offset));
  }
  const tableSize = powerOfTwo(2 * known.size + 16);
  // 16 bits for each run let six of a hundred random places through; 512 KiB stay in the cache.
  const bitCount = Math.min(powerOfTwo(Math.max(16 * known.size, 1 << 13)), 1 << 22);
  const gate: Gate = {
    stride,
    bitShift: 32 - Math.log2(bitCount),
    bits: new Int32Array(bitCount / 32),
    mask: tableSize - 1,
    grams: new Int32Array(tableSize),
  };
  for (const gram of known) {
    const bit = Math.imul(gram, spread) >>> gate.bitShift;
    gate.bits[bit >>> 5] = (gate.bits[bit >>> 5] as number) | (1 << (bit & 31));
    let slot = gramSlot(gram, gate.mask);
    while (gate.grams[slot] !== 0) slot = (slot + 1) & gate.mask;
    gate.grams[slot] = gram;
  }
  return gate;
}

function gramAt(bytes: Uint8Array, offset: number): number {
  let gram = 0;
  for (let index = gramBytes - 1; index >= 0; index--) gram = (gram << 8) | (bytes[offset + index] as number);
  return gram;
}

/** Finds a state's depth and parent from the chain it is in, which saves two numbers for each state. */
function chainFinder(trie: Trie): Pick<Automaton, "depthOf" | "parentOf"> {
  const starts = Int32Array.from(trie.chainStarts);
  const depths = Int32Array.from(trie.chainDepths);
  const parents = Int32Array.from(trie.chainParents);
  const chainOf = (state: number): number => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((starts[middle] as number) <= state) low = middle;
      else high = middle - 1;
    }
    return low;
  };
  return {
    depthOf(state) {
      const chain = chainOf(state);
      return state === 0 ? 0 : (depths[chain] as number) + state - (starts[chain] as number);
    },
    parentOf(state) {
      const chain = chainOf(state);
      return starts[chain] === state ? (parents[chain] as number) : state - 1;
    },
  };
}

function powerOfTwo(atLeast: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(atLeast, 2)));
}
