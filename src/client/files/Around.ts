import type { Offer, TransferId } from "../../core/files/Api.js"
import type { PeerId } from "../../core/peer/Api.js"
import type { Crypto } from "../../domain/Crypto.js"
import type { Files } from "../../services/Files.js"
import type { Ports } from "./Ports.js"
import type { Facts, Phase, Ticket } from "./Ticket.js"
import type { Vault } from "./Vault.js"

/** What the transfers of one client share. */
export interface Around {
  readonly crypto: Crypto
  readonly files: Files["Type"]
  readonly ports: Ports
  /** Where transfers are written down; nowhere for a passing profile. */
  readonly vault: () => Vault | undefined
  readonly nickOf: (peer: PeerId) => string | undefined
  readonly ticket: (facts: Facts, phase: Phase) => Ticket
  /** `bytes` random bytes in hexadecimal. */
  readonly draw: (bytes: number) => string
}

export const factsOf = (
  offer: Pick<Offer, "kind" | "name" | "size" | "files"> & { readonly id: TransferId },
  direction: "out" | "in",
  peer: PeerId,
  nick: string,
  skipped = 0
): Facts => ({
  id: offer.id,
  peer,
  nick,
  direction,
  kind: offer.kind,
  name: offer.name,
  size: offer.size,
  files: offer.files,
  skipped
})
