import { decode, type Entry, encode } from "../../src/core/journal/Entry.js"
import { Ledger } from "../../src/core/journal/Ledger.js"
import { LENGTH_BYTES, read, SALT_BYTES, SealedLogWriter } from "../../src/core/journal/SealedLog.js"
import { type MessageId, messageIdOf } from "../../src/domain/MessageId.js"
import { type PeerId, peerIdOf } from "../../src/domain/PeerId.js"
import { crypto } from "../../src/layers/node/Crypto.js"
import { concat } from "../../src/protocol/Bytes.js"
import { Rng } from "../../src/sim/kernel/Rng.js"
import { modelOf } from "./LedgerModel.js"

/**
 * The journal of one program over some lives: entries are sealed in batches, and then the file is torn within the last
 * of them, gets zeros at its end, has a byte changed somewhere, or nothing happens. The next life begins a new file
 * with the sum of what it could read (`Entry`, `Ledger`, `SealedLog`).
 *
 * What was whole has to be read, in order, and nothing else; what is found damaged is said to be; and after any number
 * of lives the ledger is what all the entries that survived come to, as if they stood in one list.
 */
export const journal = (seed: number): string | undefined => {
  const rng = new Rng(seed).fork("journal")
  const survived: Array<Entry> = []
  let ledger = new Ledger()
  for (let life = rng.between(1, MOST_LIVES); life > 0; life--) {
    const writer = new SealedLogWriter(crypto, SECRET, rng.fill(new Uint8Array(SALT_BYTES)))
    const sum = [...ledger.entries()]
    const blocks = sum.length === 0 ? [] : [encode(sum)]
    const batches: Array<ReadonlyArray<Entry>> = []
    for (let left = rng.below(MOST_BATCHES); left > 0; left--) {
      const batch = Array.from({ length: rng.between(1, 4) }, () => entryOf(rng))
      batches.push(batch)
      blocks.push(encode(batch))
    }
    const parts = [writer.header(), ...blocks.map((block) => writer.seal(block))]
    const fate = batches.length === 0 ? "whole" : rng.pick(["whole", "torn", "zeros", "changed"] as const)
    const file = suffer(rng, parts, fate)
    // Which batch was changed; the sum of the lives before is not, since it is flushed before it is used.
    const changed = fate === "changed" ? blocks.length - 1 - rng.below(batches.length) : -1
    if (changed >= 0) change(rng, file, parts, changed)
    const left = blocks.filter((_, at) => at !== changed && (fate !== "torn" || at < blocks.length - 1))

    const content = read(crypto, SECRET, file)
    if (content._tag === "Foreign") return "the file is taken for a foreign one"
    if (content.damaged !== changed >= 0) return `damaged is ${content.damaged}, where the file was ${fate}`
    const found = content.blocks.map(hex)
    if (found.join() !== left.map(hex).join()) return `${found.length} of ${left.length} blocks are read (${fate})`
    for (const [at, batch] of batches.entries()) {
      const block = at + blocks.length - batches.length
      if (block !== changed && (fate !== "torn" || block < blocks.length - 1)) survived.push(...batch)
    }
    ledger = new Ledger()
    for (const block of content.blocks) {
      const entries = decode(block)
      if (entries === undefined) return "a block cannot be decoded"
      for (const entry of entries) ledger.apply(entry)
    }
    const problem = differs(ledger, survived)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** The file as a crash leaves it. */
const suffer = (rng: Rng, parts: ReadonlyArray<Uint8Array>, fate: "whole" | "torn" | "zeros" | "changed") => {
  const file = concat(parts)
  if (fate === "torn") return file.slice(0, file.length - rng.between(1, parts.at(-1)!.length))
  return fate === "zeros" ? concat([file, new Uint8Array(rng.between(1, 20))]) : file
}

/** Changes a byte of the block of this number, but for its length: then it would be anybody's guess what follows. */
const change = (rng: Rng, file: Uint8Array, parts: ReadonlyArray<Uint8Array>, block: number): void => {
  const start = parts.slice(0, block + 1).reduce((sum, { length }) => sum + length, 0)
  const { length } = parts[block + 1]!
  file[start + rng.between(LENGTH_BYTES, length - 1)]! ^= rng.between(1, 255)
}

/** How the ledger and what the entries say differ. */
const differs = (ledger: Ledger, entries: ReadonlyArray<Entry>): string | undefined => {
  for (const [at, peer] of PEERS.entries()) {
    const past = ledger.past(peer)
    const model = modelOf(entries, peer)
    const summed = past && { ...past, nick: ledger.nick(peer), shown: [...past.shown] }
    if (textOf(summed) !== textOf(model)) return `peer ${at}: ${textOf(summed)} where ${textOf(model)} is right`
  }
  return undefined
}

const textOf = (known: Known | undefined): string => {
  if (known === undefined) return "nothing"
  const outbox = known.outbox.map(
    ({ id, sequence, text, writtenAt }) => `${id} ${sequence} ${writtenAt ?? 0} ${hex(text)}`
  )
  return [known.nick, known.nextSequence, outbox, known.delivered, known.shown].join("; ")
}

/** What is known of a peer. */
interface Known {
  readonly nick: string | undefined
  readonly nextSequence: number
  readonly outbox: ReadonlyArray<{
    readonly id: string
    readonly sequence: number
    readonly writtenAt?: number | undefined
    readonly text: Uint8Array
  }>
  readonly delivered: ReadonlyArray<string>
  readonly shown: ReadonlyArray<string>
}

/** One of a few peers, and of a few ids, so that entries concern each other. */
const entryOf = (rng: Rng): Entry => {
  const peer = rng.pick(PEERS)
  const id = () => rng.pick(IDS)
  switch (rng.below(8)) {
    case 0:
      return { _tag: "Peer", peer, nick: rng.pick(["bob", "carol", "Zoë"]), nextSequence: rng.below(1_000) }
    case 1:
      return { _tag: "Delivered", peer, id: id() }
    case 2:
      return rng.chance(0.3) ? { _tag: "Dropped", peer } : { _tag: "Delivered", peer, id: id() }
    case 3:
    case 4:
      return { _tag: "Shown", peer, ids: Array.from({ length: rng.below(5) }, id) }
    default: {
      const number = rng.below(IDS.length)
      const said = { id: IDS[number]!, sequence: 80 * number }
      const message = { peer, ...said, text: rng.fill(new Uint8Array(rng.between(1, 40))) }
      return rng.chance(0.5)
        ? { _tag: "Accepted", ...message }
        : { _tag: "Accepted", ...message, writtenAt: rng.between(1, 1e9) }
    }
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex")

const SECRET = new Uint8Array(32).fill(7)
const PEERS: ReadonlyArray<PeerId> = [1, 2, 3].map((n) => peerIdOf(new Uint8Array(32).fill(n)))
const IDS: ReadonlyArray<MessageId> = Array.from({ length: 12 }, (_, n) => messageIdOf(new Uint8Array(16).fill(n)))
const MOST_LIVES = 4
const MOST_BATCHES = 8
