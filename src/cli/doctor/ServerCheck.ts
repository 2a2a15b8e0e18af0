import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { ClientOptions } from "../../client/ClientOptions.js"
import { dialTlsOf, policyOf } from "../../client/Connector.js"
import { ServerTrust } from "../../core/client/ServerTrust.js"
import { ControlLink } from "../../core/control/ControlLink.js"
import type { Certificate } from "../../domain/Certificate.js"
import type * as Endpoint from "../../domain/Endpoint.js"
import type { ServerAddress } from "../../domain/ServerAddress.js"
import * as ServerName from "../../domain/ServerName.js"
import type * as Control from "../../protocol/Control.js"
import type { Connection } from "../../services/Connection.js"
import { type DialError, Dialer } from "../../services/Dialer.js"
import * as Time from "../../services/Time.js"

/** How the link is to be protected, as `ClientOptions.server` says it. */
export type Link = NonNullable<ClientOptions["server"]>["tls"]

/** Whether a parley server answers on TCP, and how fast. */
export type ServerAnswer =
  | {
      readonly _tag: "Reached"
      /** The address that was connected to, one of those that the name has. */
      readonly remote: Endpoint.Endpoint
      readonly welcome: typeof Control.Welcome.Type
      /** The fastest of `QUESTIONS` round trips, in ms. */
      readonly rttMs: number
      /** What it has shown, where the link is encrypted. */
      readonly certificate: Certificate | undefined
      /** From this machine's clock to the server's, in ms, where the server tells its time. */
      readonly clockDifferenceMs: number | undefined
    }
  /** `problem` is half a sentence for people. */
  | { readonly _tag: "Failed"; readonly reason: DialError["reason"] | "NoParley"; readonly problem: string }

/**
 * Connects, lets the server greet and answer some questions, and leaves, in at most `CONNECT + GREET` ms. Registers
 * nothing.
 */
export const check = (server: ServerAddress, link: Link): Effect.Effect<ServerAnswer, never, Dialer> =>
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
          const { remote, tls } = connection
          finish({ _tag: "Reached", remote, welcome, rttMs, clockDifferenceMs, certificate: tls?.certificate })
        } else {
          asked = time.monotonic()
          machine.request(QUESTION, asked)
        }
      }
      for (let data = machine.pollTransmit(); data !== undefined; data = machine.pollTransmit()) connection.send(data)
    }

    const trust = new ServerTrust(ServerName.of(server.host, server.port), policyOf(link))
    const tls = trust.shallEncrypt(undefined) ? { tls: dialTlsOf(link) } : {}
    return yield* dialer
      .dial({ ...server, ...tls, timeoutMs: CONNECT }, (connection) => {
        const { remote, tls } = connection
        const distrusted = trust.judge({ remote, certificate: tls?.certificate }, undefined, time.wall())
        if (distrusted !== undefined) fail(distrusted.message)
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
            onTimeout: () => SILENT
          })
        ),
        Effect.catchAll(({ message, reason }) =>
          Effect.succeed<ServerAnswer>({ _tag: "Failed", reason, problem: message })
        ),
        Effect.scoped
      )
  })

const SILENT: ServerAnswer = {
  _tag: "Failed",
  reason: "NoParley",
  problem: "something listens there and says nothing; is it a parley server, or one that encrypts (--tls)?"
}

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
