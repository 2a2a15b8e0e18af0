/** By which rules nicknames are kept for identities that are away (`core/rendezvous/KeptNames`, `layers/redis`). */

/** Names in all; 12 MB on disk, 60 MB in memory. */
export const MAX_KEPT = 100_000

/** Names of one identity: a person's own, and some that were tried. */
export const MAX_OF_ONE = 4

/** Days that are counted: who came on more is as good as anybody. */
export const MAX_DAYS = 15

/** New names: a club that moves in at once, and 4,320 a day; to take them all needs three weeks. */
export const NEWCOMERS = { burst: 10_000, perSecond: 0.05 }

/** ms: half a year, after which a name is free again when its owner did not come. */
export const FORGET_MS = 182 * 86_400_000

/** ms: a day; when somebody was here last matters in months. */
export const SEEN_EVERY_MS = 86_400_000
