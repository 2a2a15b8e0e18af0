/** ms: the deadline of what will not happen. */
export const NEVER = Number.POSITIVE_INFINITY
