import * as Effect from "effect/Effect"
import type { AbortReason, Finish, Read, Reset, Save, TransferMachine, Write } from "../../core/files/Machines.js"
import { ResetCode } from "../../protocol/FileRecord.js"
import type { Port } from "./Port.js"

/**
 * Drives a machine over one stream until that is over. Every turn ends in waiting for the disk or for news of the
 * stream, and everything else happens at once, so a fiber costs something only for each piece that the disk reads or
 * writes.
 */
export const drive = <Event, Action extends Read | Save>(
  port: Port,
  machine: Driven<Event, Action | Write | Finish | Reset>,
  on: {
    readonly event: (event: Event) => Effect.Effect<void> | undefined
    readonly action: (action: Action) => Effect.Effect<void>
    /** Looked at in each turn: what the user wants, as far as it needs waiting for. */
    readonly turn?: () => Effect.Effect<void> | undefined
  }
): Effect.Effect<void> =>
  Effect.gen(function* () {
    let finished = false
    let told = false
    while (true) {
      port.read(
        () => machine.wantsBytes,
        (bytes) => (bytes === "end" ? machine.handleEnd() : machine.handleBytes(bytes))
      )
      if (port.resetBy !== undefined && !told) {
        told = true
        machine.handleReset(port.resetBy)
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
      if (port.over) return
      const action = machine.poll(port.writable)
      if (action === undefined) {
        // Whoever never ends a stream that has had its last word does not keep it.
        const waited = yield* finished ? Effect.timeoutOption(port.news, LAST_WORD) : Effect.asSome(port.news)
        if (waited._tag === "None") return port.reset(ResetCode.busy)
        continue
      }
      switch (action._tag) {
        case "Write":
          port.write(action.bytes)
          break
        case "Finish":
          finished = true
          port.finish()
          break
        case "Reset":
          return port.reset(action.code)
        default:
          yield* on.action(action)
      }
    }
  })

/** Gives a stream up at once, whatever its fiber is waiting for. */
export const giveUp = (
  port: Port,
  machine: Pick<TransferMachine<unknown, unknown>, "abort" | "poll">,
  reason: AbortReason
): void => {
  machine.abort(reason)
  const last = machine.poll(true)
  if (isReset(last)) port.reset(last.code)
  port.broken = true
  port.poke()
}

const isReset = (action: unknown): action is Reset =>
  typeof action === "object" && action !== null && "_tag" in action && action._tag === "Reset"

type Driven<Event, Action> = Pick<
  TransferMachine<Event, Action>,
  "handleBytes" | "handleEnd" | "handleReset" | "wantsBytes" | "pollEvent" | "poll"
>

/** A minute: more than any path that is still up takes for an acknowledgement. */
const LAST_WORD = "1 minute"
