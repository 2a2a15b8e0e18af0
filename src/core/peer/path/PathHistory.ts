import * as Schema from "effect/Schema"
import type { PathInfo } from "../Route.js"

/**
 * Why a conversation moved to a path. `first`: the first that worked. `better`: it proved itself, and is better than
 * the one before.
 * `failed`: the one before stopped answering. `moved`: the peer sends from there now. `policy`: the one before is not
 * wanted any more.
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

/** More than anybody reads; a path that flaps shows in fewer. */
const MAX_CHANGES = 32
