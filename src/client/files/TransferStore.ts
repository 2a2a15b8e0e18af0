import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { TransferId } from "../../core/files/Content.js"
import { MAX_BLOCK, reading, SALT_BYTES, SealedLogWriter } from "../../core/journal/SealedLog.js"
import { Slice, type Sliced } from "../../core/support/Slices.js"
import type { Crypto } from "../../domain/Crypto.js"
import * as Bytes from "../../protocol/Bytes.js"
import type { Store, StoreError } from "../../services/Store.js"
import { inSlices } from "../InSlices.js"
import * as TransferRecord from "./TransferRecord.js"

/**
 * The transfers that outlive the process: one file each, sealed as the journal is, because names and paths are private.
 * Each write makes a new file with a key of its own.
 */
export interface TransferStore {
  /** Those that an earlier process left. What cannot be read is not among them, and stays where it is. */
  readonly left: ReadonlyArray<TransferRecord.TransferRecord>
  /** After success it survives a crash. */
  readonly keep: (record: TransferRecord.Writing) => Effect.Effect<void, StoreError>
  /** Best effort: what is left is a transfer that nobody on the other side knows of. */
  readonly forget: (id: TransferId) => Effect.Effect<void>
}

export const open = (options: {
  readonly crypto: Crypto
  readonly entropy: { readonly bytes: (length: number) => Uint8Array }
  readonly secret: Uint8Array
  readonly store: Pick<typeof Store.Service, "read" | "write" | "remove" | "list">
  readonly folder: string
}): Effect.Effect<TransferStore> =>
  Effect.gen(function* () {
    const { crypto, entropy, folder, store } = options
    const secret = crypto.hash(KEY_BYTES, [LABEL], options.secret)
    const left: Array<TransferRecord.TransferRecord> = []
    const names = yield* Effect.orElseSucceed(store.list(folder), () => [])
    let stored = 0
    for (const name of names) {
      if (left.length === MAX_LEFT) break
      const file = yield* Effect.orElseSucceed(store.read(name), () => Option.none())
      const record = Option.isSome(file) ? yield* inSlices(unsealed(crypto, secret, file.value)) : undefined
      if (record === undefined || `${folder}/${record.head.offer.id}` !== name) continue
      // Their senders may never ask again, and would keep what is unfinished from its place.
      if (isStored(record) && ++stored > MAX_STORED) yield* Effect.ignore(store.remove(name))
      else left.push(record)
    }
    // What is written later is what counts, though it may be sooner ready.
    const inTurn = (yield* Effect.makeSemaphore(1)).withPermits(1)
    return {
      left,
      keep: (record) =>
        Effect.suspend(() => {
          const writer = new SealedLogWriter(crypto, secret, entropy.bytes(SALT_BYTES))
          const name = `${folder}/${record.head.offer.id}`
          return Effect.flatMap(inSlices(sealed(writer, record)), (bytes) => store.write(name, bytes))
        }).pipe(inTurn),
      forget: (id) => inTurn(Effect.ignore(store.remove(`${folder}/${id}`)))
    }
  })

const isStored = ({ head }: TransferRecord.TransferRecord): boolean =>
  "ended" in head || ("stage" in head && head.stage === "stored")

function* sealed(writer: SealedLogWriter, record: TransferRecord.Writing): Sliced<Uint8Array> {
  const slice = new Slice()
  const bytes = yield* TransferRecord.encode(record, slice)
  const blocks = [writer.header()]
  for (let at = 0; at < bytes.length; at += MAX_BLOCK) {
    if (slice.spend(MAX_BLOCK >> SEALED)) yield
    blocks.push(writer.seal(bytes.subarray(at, at + MAX_BLOCK)))
  }
  return Bytes.concat(blocks)
}

function* unsealed(
  crypto: Crypto,
  secret: Uint8Array,
  file: Uint8Array
): Sliced<TransferRecord.TransferRecord | undefined> {
  const slice = new Slice()
  const steps = reading(crypto, secret, file)
  let step = steps.next()
  for (; step.done !== true; step = steps.next()) if (slice.spend(MAX_BLOCK >> SEALED)) yield
  const log = step.value
  if (log._tag === "Foreign" || log.damaged) return undefined
  return yield* TransferRecord.decode(Bytes.concat(log.blocks), slice)
}

/** Transfers of an earlier process that are gone on with: more than anybody leaves, as far as memory goes. */
const MAX_LEFT = 256
/** Among them those that are stored, and only wait for a sender who has not heard so. */
const MAX_STORED = 64

/** Bytes that are sealed or opened within a unit of work (core/support/Slices), as a power of two. */
const SEALED = 9
const KEY_BYTES = 32
const LABEL = Bytes.fromText("parley transfers v1")
