/** ms: the deadline of something that will not happen. */
export const NEVER = Number.POSITIVE_INFINITY
