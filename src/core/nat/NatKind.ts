import { exactly, UNKNOWN } from "./Behaviour.js"
import type { Reachability } from "./Expectation.js"

/**
 * A network in one word, as far as its user's program found out by the way: `blocked`: no UDP; `none`: no translation,
 * though maybe a firewall; `easy`: a NAT that shows every peer the same port; `hard`: one that shows each peer another.
 * Peers tell each other in the handshake, so that both can say why a conversation takes the path that it takes.
 */
export type NatKind = (typeof KINDS)[number]

/** For the handshake's `features`: its low three bits are the place in this list. */
export const KINDS = ["unknown", "blocked", "none", "easy", "hard"] as const
const NAT_MASK = 0b111

export const toFeatures = (kind: NatKind): number => KINDS.indexOf(kind)

/** What a later version may say besides is `unknown`. */
export const fromFeatures = (features: number): NatKind => KINDS[features & NAT_MASK] ?? "unknown"

/** What is known of such a network: everything but what its filter does, which only a discovery tells. */
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
