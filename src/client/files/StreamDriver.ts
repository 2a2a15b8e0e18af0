import * as Effect from "effect/Effect"
import { ChunkLayout } from "../../core/files/ChunkLayout.js"
import { ContentHasher } from "../../core/files/ContentHasher.js"
import type { TransferEnd } from "../../core/files/TransferEnd.js"
import type { AbortReason, CommonEvent, Place, Read, Reset, Save } from "../../core/files/TransferIo.js"
import type { Crypto } from "../../domain/Crypto.js"
import { ResetCode } from "../../protocol/FileRecord.js"
import { othersRun } from "../InSlices.js"
import type { PeerStream } from "./PeerStreams.js"

/**
 * Drives a machine over one stream until that is over. Every turn ends in waiting for the disk or for news of the
 * stream, and everything else happens at once, so a fiber costs something only for each piece that the disk reads or
 * writes.
 */
export const drive = <Event, Action extends Read | Save>(
  stream: PeerStream,
  machine: Driven<Event, Action>,
  on: {
    readonly event: (event: Event | CommonEvent) => Effect.Effect<void> | undefined
    readonly action: (action: Action) => Effect.Effect<void>
    /** Looked at in each turn: what the user wants, as far as it needs waiting for. */
    readonly turn?: () => Effect.Effect<void> | undefined
  }
): Effect.Effect<void> =>
  Effect.gen(function* () {
    let finished = false
    let told = false
    /** Bytes that were written since others ran. */
    let written = 0
    while (true) {
      stream.read(
        () => machine.wantsBytes,
        (bytes) => (bytes === "end" ? machine.handleEnd() : machine.handleBytes(bytes))
      )
      if (stream.resetBy !== undefined && !told) {
        told = true
        machine.handleReset(stream.resetBy)
      }
      for (let event = machine.pollEvent(); event !== undefined; event = machine.pollEvent()) {
        const doing = on.event(event)
        if (doing !== undefined) yield* doing
      }
      const wish = on.turn?.()
      if (wish !== undefined) {
        yield* wish
        continue
      }
      if (stream.over) return
      const action = machine.poll(stream.writable)
      if (action === undefined) {
        // Whoever never ends a stream that has had its last word does not keep it.
        const waited = yield* finished ? Effect.timeoutOption(stream.news, LAST_WORD) : Effect.asSome(stream.news)
        if (waited._tag === "None") return stream.reset(ResetCode.busy)
        written = 0
        continue
      }
      switch (action._tag) {
        case "Write":
          stream.write(action.bytes)
          written += action.bytes.length
          if (written < AT_ONCE) break
          written = 0
          yield* othersRun
          break
        case "Finish":
          finished = true
          stream.finish()
          break
        case "Reset":
          return stream.reset(action.code)
        case "Turn":
          yield* othersRun
          machine.handleTurn()
          break
        default:
          yield* on.action(action)
          written = 0
      }
    }
  })

/** Gives a stream up at once, whatever its fiber is waiting for. */
export const giveUp = (
  stream: PeerStream,
  machine: Pick<TransferEnd<unknown, unknown>, "abort" | "poll">,
  reason: AbortReason
): void => {
  machine.abort(reason)
  const last = machine.poll(true)
  if (isReset(last)) stream.reset(last.code)
  stream.abandoned = true
  stream.poke()
}

const isReset = (action: unknown): action is Reset =>
  typeof action === "object" && action !== null && "_tag" in action && action._tag === "Reset"

type Driven<Event, Action> = Pick<
  TransferEnd<Event, Action>,
  "handleBytes" | "handleEnd" | "handleReset" | "handleTurn" | "wantsBytes" | "pollEvent" | "poll"
>

/** Bytes that are sealed and sent within some milliseconds, as long as nothing has to be waited for in between. */
const AT_ONCE = 256 * 1024
/** A minute: more than any path that is still up takes for an acknowledgement. */
export const LAST_WORD = "1 minute"
/** When the other side has no room, or there are too many streams. */
export const AGAIN_AFTER = "30 seconds"

/**
 * Reads a content from front to back, and knows the hash of each chunk then. `read` gives nothing for what is not
 * there.
 */
export const scan = <E>(
  crypto: Crypto,
  entries: ReadonlyArray<{ readonly size: number }>,
  read: (place: Place) => Effect.Effect<Uint8Array | undefined, E>,
  onScanned: (bytes: number) => void
): Effect.Effect<ContentHasher, E> =>
  Effect.gen(function* () {
    const machine = new ContentHasher(crypto, new ChunkLayout(entries))
    for (let place = machine.poll(); place !== undefined; place = machine.poll()) {
      machine.handleRead(yield* read(place))
      onScanned(machine.scanned)
    }
    return machine
  })
