/** Goals of hole punching and relaying, in virtual ms where nothing else is said. */

/**
 * Until both sides are on a direct path, from the moment at which both are introduced: the median, without loss and
 * with 5 %.
 */
export const MAX_DIRECT_MEDIAN = 1_000
/** The same, for the slowest one in a hundred, with 5 % loss. */
export const MAX_DIRECT_P99 = 3_000
/** Relayed round trips until the first message is shown, on a network that loses nothing. */
export const MAX_FIRST_ROUND_TRIPS = 1.5
/** What any message takes that is said while the path changes. */
export const MAX_STALL = 1_500
/** The same for the first that is said after somebody has moved, whoever says it. */
export const MAX_MOVED = 1_000
/** The same, relayed, when the machine of the server is suddenly elsewhere. */
export const MAX_GONE = 6_000
/** Of 100 searches for a port that a NAT hides: 256 that are open and 1,024 that are tried miss each other in 2. */
export const MAX_IN_VAIN = 4
/** Packets a minute that a side sends to keep a silent conversation alive. */
export const MAX_KEEPALIVES = 3
