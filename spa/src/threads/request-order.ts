/**
 * Counts what is read as it is asked for, because answers overtake each other: what was asked for
 * earlier never takes the place of what was asked for later.
 */
export interface RequestOrder {
  /** The number of a reading that begins now. */
  next(): number;
  /** The last one that has begun. */
  readonly last: number;
  /** Whether a later one is shown already. */
  isPast(request: number): boolean;
  show(request: number): void;
}

export function createRequestOrder(): RequestOrder {
  let last = 0;
  let shown = 0;
  return {
    next() {
      last += 1;
      return last;
    },
    get last() {
      return last;
    },
    isPast: (request) => request < shown,
    show(request) {
      shown = request;
    },
  };
}
