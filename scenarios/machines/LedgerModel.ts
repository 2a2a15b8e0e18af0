import type { Entry } from "../../src/core/journal/Entry.js"
import type { PeerId } from "../../src/domain/PeerId.js"

/** What a ledger knows of `peer` after these entries, in the simplest way; they must not reach any bound. */
export const modelOf = (entries: ReadonlyArray<Entry>, peer: PeerId) => {
  const model = {
    nick: "",
    nextSequence: 0,
    outbox: [] as Array<{ id: string; sequence: number; writtenAt?: number | undefined; text: Uint8Array }>,
    delivered: [] as ReadonlyArray<string>,
    shown: [] as Array<string>
  }
  let known = false
  for (const one of entries) {
    if (one.peer !== peer) continue
    if (one._tag === "Peer") {
      model.nick = one.nick
      model.nextSequence = Math.max(model.nextSequence, one.nextSequence)
    }
    if (one._tag === "Accepted" && !model.outbox.some(({ id }) => id === one.id)) {
      const { _tag, peer: _, ...message } = one
      model.outbox.push(message)
      model.nextSequence = Math.max(model.nextSequence, one.sequence + 1)
    }
    if (one._tag === "Delivered") {
      model.outbox = model.outbox.filter(({ id }) => id !== one.id)
      if (known && !model.delivered.includes(one.id)) model.delivered = [...model.delivered, one.id].slice(-16)
    }
    if (one._tag === "Dropped") model.outbox = []
    if (one._tag === "Shown") for (const id of one.ids) if (!model.shown.includes(id)) model.shown.push(id)
    known ||= one._tag !== "Delivered" && one._tag !== "Dropped"
  }
  return known ? model : undefined
}
