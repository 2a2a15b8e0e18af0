import type { Offer, TransferId } from "../../core/files/Content.js"
import type { Crypto } from "../../domain/Crypto.js"
import type { PeerId } from "../../domain/PeerId.js"
import type { Files, Found } from "../../services/Files.js"
import type { EndNotices } from "./EndNotices.js"
import type { PeerStreams } from "./PeerStreams.js"
import type { Facts, Phase, TransferStatus } from "./TransferStatus.js"
import type { TransferStore } from "./TransferStore.js"

/** What the transfers of one client share. */
export interface TransferContext {
  readonly crypto: Crypto
  readonly files: Files["Type"]
  readonly streams: PeerStreams
  /** Where each end of ours goes that the other side is to be told. */
  readonly notices: EndNotices
  /** Where transfers are written down; nowhere for a passing profile. */
  readonly store: () => TransferStore | undefined
  readonly nickOf: (peer: PeerId) => string | undefined
  readonly status: (facts: Facts, phase: Phase) => TransferStatus
  /** `bytes` random bytes in hexadecimal. */
  readonly draw: (bytes: number) => string
  /** For an offer of ours. */
  readonly newId: () => TransferId
}

export const factsOf = (
  offer: Pick<Offer, "kind" | "name" | "size" | "files"> & Partial<Offer> & { readonly id: TransferId },
  direction: "out" | "in",
  peer: PeerId,
  nick: string,
  found: Pick<Found, "skipped" | "left"> = { skipped: 0, left: [] }
): Facts => ({
  id: offer.id,
  peer,
  nick,
  direction,
  kind: offer.kind,
  name: offer.name,
  size: offer.size,
  files: offer.files,
  ...(offer.version === 2 && { executables: offer.executables ?? 0, risks: offer.risks ?? 0 }),
  skipped: found.skipped,
  left: found.left
})
