import * as Effect from "effect/Effect"
import type { ClientMachine } from "../core/client/ClientMachine.js"
import type { ClientOutput, UnreadMessage } from "../core/client/Output.js"
import type { Driver, DriverHandlers } from "./Driver.js"
import type { EventQueue, Shown } from "./EventQueue.js"
import type { Transfers } from "./files/Transfers.js"
import type { Remembrance } from "./history/Remembrance.js"
import type { ProfileKeeper } from "./ProfileKeeper.js"

export interface OutputsOptions {
  readonly driver: Driver
  readonly events: EventQueue
  readonly keeper: ProfileKeeper
  readonly history: Remembrance
  readonly transfers: Transfers
  /** Leaves for good. */
  readonly leave: (reason: "replaced" | "refused", message: string) => void
  /** We have left. */
  readonly left: () => void
}

/** Takes what the machine has for the user, the transfers, the history and the journal to where it belongs. */
export const make = (options: OutputsOptions): Pick<DriverHandlers, "event" | "remember" | "journal"> => {
  const { driver, events, history, keeper, leave, left, transfers } = options

  const tell = ({ event, message }: ClientOutput & { readonly _tag: "Told" }) => {
    if (event._tag === "Closed") {
      events.end(event)
      left()
    } else {
      events.offer(event, message)
    }
  }

  /** The first registration has succeeded: what an earlier process left goes on. */
  const started = () => {
    keeper.adopt()
    driver.drive((machine, now) => machine.addPending(transfers.restore(), now))
    history.start()
    keeper.profile?.journal?.attach({
      written: (entries) => driver.drive((machine, now) => machine.written(entries, now)),
      flushed: (entries) => driver.drive((machine, now) => machine.flushed(entries, now)),
      changed: (safe, message) => events.offer({ _tag: "Journal", safe, message })
    })
  }

  return {
    event: (output) => {
      switch (output._tag) {
        case "Told":
          return tell(output)
        case "Started":
          return started()
        case "Ending":
          return leave(output.reason, output.message)
        default:
          return transfers.handle(output)
      }
    },
    remember: (note) => history.note(note),
    // Without a journal there are no entries.
    journal: (entries) => keeper.profile?.journal?.write(entries, (peer) => driver.machine.nickOf(peer)) ?? true
  }
}

/** Has the machine know that messages were shown, and gives what to wait for until that is written down. */
export const shown =
  (driver: Driver, keeper: () => ProfileKeeper | undefined): Shown<UnreadMessage> =>
  (messages, isWaiting) => {
    const use = (machine: ClientMachine, now: number) => {
      for (const message of messages) machine.shown(message, now)
    }
    const tell = () => {
      // With nothing else to show meanwhile, the answer leaves first; otherwise they are written before the next one.
      if (isWaiting) driver.drive(use)
      else driver.note(use)
      return keeper()?.profile?.journal?.recorded()
    }
    if (!messages.some(({ isNotice }) => isNotice === true)) return tell()
    // What became of a group is confirmed only when it will be known after a crash.
    return Effect.zipRight(
      keeper()?.keep ?? Effect.void,
      Effect.suspend(() => tell() ?? Effect.void)
    )
  }
