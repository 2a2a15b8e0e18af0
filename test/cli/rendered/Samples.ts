import * as Fingerprint from "../../../src/domain/Fingerprint.js"
import * as Identity from "../../../src/domain/Identity.js"
import { peerIdOf } from "../../../src/domain/PeerId.js"
import { crypto } from "../../../src/layers/node/Crypto.js"

/** What the messages of the golden file are filled with. */

const peopleOf = (seed: number) => {
  const { publicKey } = Identity.fromSeed(crypto, new Uint8Array(32).fill(seed)).signKeys
  return { peer: peerIdOf(publicKey), fingerprint: Fingerprint.of(crypto, publicKey) }
}

/** Noon, so that no time zone changes the day. */
export const NOW = Date.UTC(2026, 10, 28, 12)
export const DAY = 86_400_000

export const BOB = { nick: "bob", ...peopleOf(1) }
export const EVE = { nick: "eve", ...peopleOf(2) }
/** As long as a nickname can be. */
export const LONG = "Wolfeschlegelsteinhausenbergerdo"
/** Read from right to left. */
export const RTL = "صديقي"
export const NICKS = [BOB.nick, LONG, RTL]

export const IPV4 = "198.51.100.7:4000"
export const IPV6 = "[2001:db8::7]:4000"
export const SERVER = "chat.example.org:9090"
export const SERVER_KEYS = [`SHA256:${"A".repeat(43)}`, `SHA256:${"B".repeat(43)}`] as const
