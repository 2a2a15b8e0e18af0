import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Mailbox from "effect/Mailbox"
import type { QueryError, SendError } from "../../src/core/client/ClientError.js"
import { Client, layerClient, layerNode, layerServer, Server } from "../../src/index.js"
import type { FromFlood, ToFlood } from "./Flooding.js"
import { SAID, TEXT_LENGTH } from "./Written.js"

/** The server, and who talks that much. `Flood.mjs HOME`. */
const home = process.argv[2]!
const tell = (said: FromFlood) => process.send!(said)

const talk = Effect.gen(function* () {
  const self = yield* Client
  const orders = yield* Mailbox.make<ToFlood>()
  process.on("message", (order: ToFlood) => void orders.unsafeOffer(order))
  yield* self.register("flo")
  let delivered = 0
  const consents = new Map<string, Deferred.Deferred<void>>()
  yield* Effect.forkScoped(
    self.handleBatches((events) =>
      Effect.sync(() => {
        for (const event of events) {
          if (event._tag === "Delivered") delivered++
          const consent = event._tag === "Mutual" ? consents.get(event.nick) : undefined
          if (consent !== undefined) Deferred.unsafeDone(consent, Effect.void)
        }
        tell({ _tag: "Delivered", count: delivered })
      })
    )
  )
  const call = (nick: string) =>
    Effect.gen(function* () {
      const consent = yield* Deferred.make<void>()
      consents.set(nick, consent)
      yield* self.query(nick)
      yield* Deferred.await(consent)
      tell({ _tag: "Answered" })
    })
  let number = 0
  /** With `rate`, so many a second, as a clock that is behind makes up for it. */
  const say = ({ count, nick, rate }: ToFlood & { readonly _tag: "Say" }) =>
    Effect.gen(function* () {
      const began = performance.now()
      for (let sent = 0; sent < count; ) {
        const due = rate === undefined ? sent + PIECE : Math.floor(((performance.now() - began) / 1_000) * rate)
        const texts = Array.from({ length: Math.min(count, due) - sent }, () => textOf(++number))
        sent += texts.length
        if (texts.length > 0) yield* self.sendAll(nick, texts)
        if (rate !== undefined) yield* Effect.sleep(STEP)
      }
    })
  const obey = (order: ToFlood): Effect.Effect<void, QueryError | SendError> =>
    order._tag === "Call" ? call(order.nick) : say(order)
  return yield* Effect.forever(Effect.flatMap(orders.take, obey))
})

/** A line of a talk, of `TEXT_LENGTH` characters. */
const textOf = (number: number): string =>
  `${SAID}${number} ${"lorem ipsum dolor sit amet ".repeat(5)}`.slice(0, TEXT_LENGTH)

const PIECE = 500
const STEP = "5 millis"

process.on("disconnect", () => process.exit())
await Effect.gen(function* () {
  const { local } = yield* Server
  tell({ _tag: "Listening", port: local.port })
  const server = { host: "127.0.0.1", port: local.port }
  return yield* Effect.scoped(talk).pipe(Effect.provide(layerClient({ server, portMapping: false })))
}).pipe(
  Effect.provide(layerServer({ host: "127.0.0.1", port: 0 })),
  Effect.provide(layerNode({ home })),
  Logger.withMinimumLogLevel(LogLevel.None),
  Effect.runPromise
)
