import * as Effect from "effect/Effect"
import * as Mailbox from "effect/Mailbox"
import { isOver, type Transfer } from "../../core/client/Transfer.js"
import type { TransferId } from "../../core/files/Content.js"
import * as Nickname from "../../domain/Nickname.js"

/** What others send to us, in the order in which it came. */
export interface Offers {
  readonly handle: (transfer: Transfer) => Effect.Effect<void>
  /** The next one that has come to a new state. */
  readonly next: Effect.Effect<Transfer>
  /**
   * Waits for something newer by the same sender, while it does not come with this one over the connection that there
   * is now: its program was ended, and another one is there. Those of `refused` do not count.
   */
  readonly instead: (taken: TransferId, refused: ReadonlySet<TransferId>) => Effect.Effect<Transfer>
  /** Whether it stood still, its sender being away, or came to its end then. */
  readonly isIdle: (id: TransferId) => boolean
}

/** Of those that `isWanted`, which may be anybody's. */
export const make = (isWanted: (transfer: Transfer) => boolean): Effect.Effect<Offers> =>
  Effect.gen(function* () {
    const news = yield* Mailbox.make<Transfer>({ capacity: MAX_KNOWN, strategy: "dropping" })
    const known = new Map<TransferId, Known>()
    const watching = new Set<() => void>()
    let count = 0

    const add = (transfer: Transfer): void => {
      const before = known.get(transfer.id)
      const isIdle = transfer.state === "waiting" || (isOver(transfer) && before?.isIdle === true)
      known.set(transfer.id, { at: before?.at ?? count++, transfer, isIdle })
      if (known.size <= MAX_KNOWN) return
      const oldest = [...known.values()].find((one) => isOver(one.transfer)) ?? known.values().next().value
      if (oldest !== undefined) known.delete(oldest.transfer.id)
    }

    const newer = (id: TransferId, refused: ReadonlySet<TransferId>): Transfer | undefined => {
      const taken = known.get(id)
      if (taken?.isIdle !== true) return undefined
      const peer = Nickname.key(taken.transfer.nick)
      for (const { at, transfer } of known.values())
        if (
          at > taken.at &&
          Nickname.key(transfer.nick) === peer &&
          COUNTS.has(transfer.state) &&
          !refused.has(transfer.id)
        )
          return transfer
      return undefined
    }

    return {
      handle: (transfer) =>
        Effect.suspend(() => {
          if (transfer.direction !== "in" || !isWanted(transfer)) return Effect.void
          const isNews = known.get(transfer.id)?.transfer.state !== transfer.state
          add(transfer)
          for (const look of [...watching]) look()
          return isNews ? news.offer(transfer) : Effect.void
        }),
      next: Effect.orDie(news.take),
      instead: (taken, refused) =>
        Effect.async((resume) => {
          const look = () => {
            const found = newer(taken, refused)
            if (found === undefined) return
            watching.delete(look)
            resume(Effect.succeed(found))
          }
          watching.add(look)
          look()
          return Effect.sync(() => watching.delete(look))
        }),
      isIdle: (id) => known.get(id)?.isIdle === true
    }
  })

interface Known {
  /** When it came, among the others. */
  readonly at: number
  readonly transfer: Transfer
  readonly isIdle: boolean
}

/** Offered, or on its way as what went on in the place of another one. */
const COUNTS: ReadonlySet<Transfer["state"]> = new Set(["offered", "active", "finishing", "done"])

/** Those that are remembered, and news that wait to be looked at; one is enough for the errand. */
const MAX_KNOWN = 64
