/** The tag and the anchor before a value. */
export interface Properties {
  readonly start: number;
  readonly end: number;
  /** With its `&`. */
  readonly anchor: string | undefined;
  readonly tag: string | undefined;
}

interface SpotBase {
  /** Where the value itself begins: its quote, bracket, first key, first dash, or the `|` of a block. */
  readonly start: number;
  /** Behind its last character; for a block scalar behind its last line that is not blank. */
  readonly end: number;
  /** Where something after it may be put: {@link SpotBase.end}, or behind the blank lines that `|+` keeps. */
  readonly outerEnd: number;
  readonly properties: Properties | undefined;
  /** Behind the colon or dash that it belongs to; its own start where there is none. */
  readonly headEnd: number;
  /** Whether it stands in a flow collection. */
  readonly inFlow: boolean;
}

/** Where a single value stands, and how it is written; `empty` is one that is not written at all. */
export interface ScalarSpot extends SpotBase {
  readonly kind: "scalar";
  readonly style: "plain" | "single" | "double" | "block" | "empty";
}

/** Where an alias `*name` stands. */
interface AliasSpot extends SpotBase {
  readonly kind: "alias";
}

/** An entry of a map, or an item of a list. */
export interface ChildSpot {
  /** The map key or the index; `undefined` for a merge key `<<`. */
  readonly name: string | undefined;
  /** Where the key or the dash begins. */
  readonly start: number;
  /** Whether a colon or dash stands before the value. */
  readonly hasIndicator: boolean;
  readonly value: Spot;
}

/** Where a map or list stands; a `pair` is a map of one entry without braces in a flow list, as in `[a: 1]`. */
export interface CollectionSpot extends SpotBase {
  readonly kind: "map" | "list";
  readonly style: "block" | "flow" | "pair";
  readonly children: readonly ChildSpot[];
}

/** Where a value stands in a text. */
export type Spot = ScalarSpot | AliasSpot | CollectionSpot;

/** Whether a spot is one of a map or list. */
export function isCollection(spot: Spot): spot is CollectionSpot {
  return spot.kind === "map" || spot.kind === "list";
}
