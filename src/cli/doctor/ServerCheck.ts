import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { ControlLink } from "../../core/control/ControlLink.js"
import type * as Endpoint from "../../domain/Endpoint.js"
import type * as Control from "../../protocol/Control.js"
import type { Connection } from "../../services/Connection.js"
import { type DialError, Dialer } from "../../services/Dialer.js"
import * as Time from "../../services/Time.js"
import type { ServerAddress } from "../Values.js"

/** Whether a parley server answers on TCP, and how fast. */
export type ServerAnswer =
  | {
      readonly _tag: "Reached"
      /** The address that was connected to, one of those that the name has. */
      readonly remote: Endpoint.Endpoint
      readonly welcome: typeof Control.Welcome.Type
      /** The fastest of `QUESTIONS` round trips, in ms. */
      readonly rttMs: number
      /** From this machine's clock to the server's, in ms, where the server tells its time. */
      readonly clockDifferenceMs: number | undefined
    }
  /** `problem` is half a sentence for people. */
  | { readonly _tag: "Failed"; readonly reason: DialError["reason"] | "NoParley"; readonly problem: string }

/**
 * Connects, lets the server greet and answer some questions, and leaves, in at most `CONNECT + GREET` ms. Registers
 * nothing.
 */
export const check = (server: ServerAddress): Effect.Effect<ServerAnswer, never, Dialer> =>
  Effect.gen(function* () {
    const time = yield* Time.make
    const dialer = yield* Dialer
    const finished = yield* Deferred.make<ServerAnswer>()
    let welcome: typeof Control.Welcome.Type | undefined
    let welcomedAt = 0
    let answers = 0
    let asked = 0
    let rttMs = Number.POSITIVE_INFINITY

    const finish = (answer: ServerAnswer) => Deferred.unsafeDone(finished, Effect.succeed(answer))
    const fail = (problem: string) => finish({ _tag: "Failed", reason: "NoParley", problem })

    const pump = (connection: Connection, machine: ControlLink) => {
      for (let event = machine.pollEvent(); event !== undefined; event = machine.pollEvent()) {
        if (event._tag === "Ready") {
          welcome = event.welcome
          welcomedAt = time.wall()
        }
        if (event._tag === "Refused") fail(`the server refused: ${event.refusal.message}`)
        if (event._tag === "Broken") fail(event.message)
        if (event._tag === "Answered") {
          rttMs = Math.min(rttMs, time.monotonic() - asked)
          answers++
        }
        if (welcome === undefined || (event._tag !== "Ready" && event._tag !== "Answered")) continue
        if (answers === QUESTIONS) {
          machine.exit(undefined)
          const clockDifferenceMs = welcome.now && Math.round(welcome.now + rttMs / 2 - welcomedAt)
          finish({ _tag: "Reached", remote: connection.remote, welcome, rttMs, clockDifferenceMs })
        } else {
          asked = time.monotonic()
          machine.request(QUESTION, asked)
        }
      }
      for (let data = machine.pollTransmit(); data !== undefined; data = machine.pollTransmit()) connection.send(data)
    }

    return yield* dialer
      .dial({ ...server, timeoutMs: CONNECT }, (connection) => {
        const machine = new ControlLink(time.monotonic())
        return {
          onData: (data) => {
            machine.handleBytes(data, time.monotonic())
            pump(connection, machine)
          },
          onClose: () => fail("the server closed the connection without a word; is it a parley server?")
        }
      })
      .pipe(
        Effect.zipRight(
          Effect.timeoutTo(Deferred.await(finished), {
            duration: Duration.millis(GREET),
            onSuccess: (answer): ServerAnswer => answer,
            onTimeout: (): ServerAnswer => ({
              _tag: "Failed",
              reason: "NoParley",
              problem: "something listens there and says nothing; is it a parley server?"
            })
          })
        ),
        Effect.catchAll(({ message, reason }) =>
          Effect.succeed<ServerAnswer>({ _tag: "Failed", reason, problem: message })
        ),
        Effect.scoped
      )
  })

/**
 * Milliseconds: one lost SYN is sent again after 1 s and may be lost once more; a server that takes longer is of no
 * use.
 */
const CONNECT = 3_500
/** Milliseconds for the greeting and all answers: seven slow round trips, or a lost packet among quick ones. */
const GREET = 2_000
/** Answered at once, be it with `NotRegistered`; the answer to a ping would stay inside the link. */
const QUESTION = { _tag: "List", limit: 1 } as const
/** The fastest of three is the link's round trip, and not the time that a busy machine took for one of them. */
const QUESTIONS = 3
