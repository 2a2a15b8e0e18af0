import { randomBytes } from "node:crypto"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Bytes from "../../../src/protocol/Bytes.js"
import type { OfferRecord } from "../../../src/protocol/FileRecord.js"
import { equal, must } from "../Check.js"
import { freshNick } from "../Person.js"
import { leafOf, verified } from "./Content.js"
import type { ClientCheck } from "./Context.js"
import type { ForeignPeer } from "./ForeignPeer.js"
import { alive } from "./Invited.js"
import { mutual } from "./Inviter.js"
import type { Link } from "./Link.js"
import type { Running } from "./Running.js"
import type { Transfer } from "./Transfer.js"

interface Scene {
  readonly link: Link
  readonly peer: ForeignPeer
  readonly running: Running
  readonly bytes: Uint8Array
  readonly transfer: Transfer
  readonly offer: OfferRecord
}

/** The client has offered a file of this many bytes. */
const check = (
  rule: string,
  says: string,
  run: (scene: Scene) => Promise<void>,
  { also, size = 3_000 }: { readonly also?: ReadonlyArray<string>; readonly size?: number } = {}
): ClientCheck => ({
  rule,
  says,
  words: true,
  part: "files",
  ...(also === undefined ? {} : { also }),
  run: mutual(async (link, peer, running) => {
    const bytes = randomBytes(size)
    const path = join(running.home, `${freshNick()}.bin`)
    writeFileSync(path, bytes)
    const transfer = link.transfer(1)
    transfer.lengthOf = (chunk) => Math.min(CHUNK, size - chunk * CHUNK)
    equal((await running.ask({ cmd: "sendFile", to: peer.who.nick, path })).event, "transfer", "the answer to sendFile")
    const offer = await transfer.next("Offer")
    await run({ link, peer, running, bytes, transfer, offer })
  })
})

const state = ({ offer, running }: Scene, wanted: string) =>
  running.next("transfer", (event) => event.id === Bytes.toHex(offer.id) && event.state === wanted)

/** Takes manifest and leaves. */
const contents = async ({ offer, transfer }: Scene) => {
  let bytes: Uint8Array = new Uint8Array(0)
  for (let last = false; !last; ) {
    const piece = await transfer.next("Contents")
    bytes = Bytes.concat([bytes, piece.bytes])
    last = piece.last
  }
  return verified(offer, bytes)
}

const wanted = { _tag: "Accept", contents: true, have: new Uint8Array(0) } as const

/** What the client does that sends a file: over stream 1, as it has begun the handshake. */
export const sending: ReadonlyArray<ClientCheck> = [
  check(
    "3.8-12",
    "offers a file on its first stream, and says nothing more before the answer",
    async ({ link, offer, transfer }) => {
      equal([offer.folder, offer.size, offer.files], [false, 3_000, 1], "what the offer says")
      await alive(link)
      await transfer.records.none(() => true, "it said more")
    },
    { also: ["3.6-1", "3.8-1"] }
  ),
  check(
    "3.8-15",
    "sends manifest and leaves that the root says, then the chunks, and ends its direction after DONE",
    async (scene) => {
      const { bytes, transfer } = scene
      transfer.write(wanted)
      const { entries, leaves } = await contents(scene)
      equal(entries.length, 1, "the number of entries")
      const chunk = await transfer.next("Chunk")
      must(Bytes.equal(chunk.bytes, bytes), "the chunk has other bytes than the file")
      must(Bytes.equal(leafOf(chunk.bytes), leaves), "the leaf is that of other bytes")
      transfer.write({ _tag: "Saved", chunks: 1 })
      transfer.write({ _tag: "Done" })
      await transfer.ends.take()
      await state(scene, "done")
    },
    { also: ["3.8-16", "3.8-17", "3.8-4"] }
  ),
  check(
    "3.8-16",
    "sends only what ACCEPT did not name",
    async (scene) => {
      const { bytes, transfer } = scene
      transfer.write({ _tag: "Accept", contents: false, have: Uint8Array.of(0b101) })
      const chunk = await transfer.next("Chunk")
      equal(chunk.index, 1, "the index of the chunk")
      must(Bytes.equal(chunk.bytes, bytes.subarray(CHUNK, 2 * CHUNK)), "the chunk has other bytes than the file")
      await transfer.records.none(() => true, "it said more")
    },
    { size: 2 * 2 ** 18 + 9, also: ["3.8-3", "3.8-11"] }
  ),
  check("3.8-16", "begins no chunk while the receiver pauses", async (scene) => {
    const { link, transfer } = scene
    transfer.write({ _tag: "Pause", paused: true })
    transfer.write(wanted)
    await contents(scene)
    await alive(link)
    await transfer.records.none(() => true, "it said more")
    transfer.write({ _tag: "Pause", paused: false })
    await transfer.next("Chunk")
  }),
  check(
    "3.8-13",
    "takes DONE for an offer that was stored before",
    async (scene) => {
      scene.transfer.write({ _tag: "Done" })
      await state(scene, "done")
    },
    { also: ["3.8-17"] }
  ),
  check(
    "3.8-17",
    "ends its direction after DECLINE, whatever the reason",
    async (scene) => {
      scene.transfer.write({ _tag: "Decline", reason: 77 })
      await scene.transfer.ends.take()
      await state(scene, "declined")
    },
    { also: ["5-3"] }
  ),
  check("3.8-10", "offers the same with version 1 to somebody who does not know version 2", async (scene) => {
    const { link, offer, transfer } = scene
    equal(offer.version, 2, "the version of the first offer")
    transfer.reset(7)
    const second = await link.transfer(3).next("Offer")
    equal([second.version, Bytes.toHex(second.id)], [1, Bytes.toHex(offer.id)], "version and id of the second offer")
  }),
  check("3.8-18", "gives up with 3 a receiver that says what has no place", async (scene) => {
    scene.transfer.write({ _tag: "Saved", chunks: 5 })
    await scene.transfer.givenUp(3)
    await state(scene, "failed")
  }),
  check("3.8-20", "says 8 to somebody who asks for what may still be offered", async ({ link, offer }) => {
    link.transfer(2).write({ _tag: "Ask", id: offer.id })
    await link.transfer(2).givenUp(8)
  }),
  check("3.8-18", "takes a RESET for the end of the transfer alone", async (scene) => {
    scene.transfer.reset(2)
    await state(scene, "cancelled")
    await alive(scene.link)
  }),
  check("3.8-1", "offers again on the next connection, with the same id, root and name", async (scene) => {
    const { link, offer, peer } = scene
    const next = await peer.again(link)
    const again = await next.transfer(2).next("Offer")
    equal(
      [Bytes.toHex(again.id), Bytes.toHex(again.root), again.name],
      [Bytes.toHex(offer.id), Bytes.toHex(offer.root), offer.name],
      "the offer"
    )
  })
]

/** Bytes of a chunk of files as small as these (§3.8-3). */
const CHUNK = 2 ** 18
