import { exactly, UNKNOWN } from "./Behaviour.js"
import type { Reachability } from "./Expectation.js"

/**
 * A network in one word, as far as the program has found out without examining it. `blocked`: no UDP. `none`: no
 * translation, though maybe a firewall. `easy`: a NAT that shows every peer the same port. `hard`: one that shows each
 * peer another port. Peers tell each other in the handshake, so that both can say why a conversation takes the path
 * that it takes.
 */
export type NatKind = (typeof KINDS)[number]

/** For the handshake's `features`: its low three bits are the place in this list. */
export const KINDS = ["unknown", "blocked", "none", "easy", "hard"] as const
const NAT_MASK = 0b111

export const toFeatures = (kind: NatKind): number => KINDS.indexOf(kind)

/** A kind that only a later version knows is `unknown`. */
export const fromFeatures = (features: number): NatKind => KINDS[features & NAT_MASK] ?? "unknown"

/** What is known of a network of this kind: everything but its filtering, which only a discovery finds out. */
export const reachabilityOf = (kind: NatKind): Reachability => ({
  udp: kind !== "blocked",
  mapping:
    kind === "none" || kind === "easy"
      ? exactly("endpoint-independent")
      : kind === "hard"
        ? { best: "address-dependent", worst: "address-and-port-dependent" }
        : UNKNOWN,
  filtering: UNKNOWN
})
