import * as Schema from "effect/Schema"
import type { PathInfo } from "../Route.js"

/**
 * Why a conversation moved to a path. `first`: it is the first that worked. `better`: it was proven, and is better than
 * the path before. `failed`: the path before stopped answering. `moved`: the peer now sends from there. `policy`: the
 * policy does not permit the path before any more.
 */
export const PathReason = Schema.Literal("first", "better", "failed", "moved", "policy")
export type PathReason = typeof PathReason.Type

export interface PathChange {
  /** Monotonic ms. */
  readonly at: number
  /** `undefined`: the connection ended. */
  readonly path: PathInfo | undefined
  readonly reason: PathReason | "ended"
}

/**
 * The last `MAX_CHANGES` changes of path between us and one peer, over all its connections; the oldest is forgotten
 * first.
 */
export class PathHistory {
  readonly #changes: Array<PathChange> = []

  add(change: PathChange): void {
    this.#changes.push(change)
    if (this.#changes.length > MAX_CHANGES) this.#changes.shift()
  }

  get changes(): ReadonlyArray<PathChange> {
    return [...this.#changes]
  }
}

/** Changes that are kept: enough to see that a path flaps, and more than a user reads. */
const MAX_CHANGES = 32
