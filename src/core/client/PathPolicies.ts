import * as Nickname from "../../domain/Nickname.js"
import { MAX_PEERS } from "../peer/PeerTable.js"
import type { Policy } from "../peer/path/Policy.js"

/**
 * Which paths our user wants: for everybody, and for some nicknames otherwise. A nickname may be given its policy
 * before anybody of that name is known, so that not one packet goes the wrong way.
 */
export class PathPolicies {
  /** By nickname key; at most `MAX_POLICIES`. */
  readonly #of = new Map<string, Policy>()

  constructor(public everybody: Policy) {}

  of(nick: string): Policy | undefined {
    return this.#of.get(Nickname.key(nick))
  }

  /** The policy for somebody who has these nicknames; the first of them that has one counts. */
  ofAny(nicks: ReadonlyArray<string>): Policy | undefined {
    for (const nick of nicks) if (this.#of.has(Nickname.key(nick))) return this.of(nick)
    return undefined
  }

  /** Whether there is anybody with whom we do without the relay. */
  get someDirectOnly(): boolean {
    return this.everybody === "direct-only" || [...this.#of.values()].includes("direct-only")
  }

  /** `false` when there is no room for another one. */
  set(nick: string, policy: Policy): boolean {
    const key = Nickname.key(nick)
    if (!this.#of.has(key) && this.#of.size >= MAX_POLICIES) return false
    this.#of.set(key, policy)
    return true
  }
}

/** As many as the peer machine remembers; forgetting one could show an address that was to be hidden. */
const MAX_POLICIES = MAX_PEERS
