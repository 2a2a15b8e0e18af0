import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { ServerAt } from "../../client/ClientOptions.js"
import { dialTlsOf, policyOf } from "../../client/Connector.js"
import * as Ways from "../../client/Ways.js"
import { ServerTrust } from "../../core/client/ServerTrust.js"
import { type Via, viaOf, waysOf } from "../../core/client/ServerWays.js"
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
export type Link = Pick<ServerAt, "tls" | "proxy">

/** Whether a parley server answers on TCP, and how fast. */
export type ServerAnswer =
  | {
      readonly _tag: "Reached"
      /** The address that was connected to, one of those that the name has. */
      readonly remote: Endpoint.Endpoint
      readonly welcome: typeof Control.Welcome.Type
      /** The fastest of `QUESTIONS` round trips in ms, or of those that there was time for; else that of connecting. */
      readonly rttMs: number
      /** What it has shown, where the link is encrypted. */
      readonly certificate: Certificate | undefined
      /** From this machine's clock to the server's, in ms, where the server tells its time. */
      readonly clockDifferenceMs: number | undefined
      /** How it was reached, where that is not as the user said. */
      readonly via?: Via | undefined
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
    const begun = time.monotonic()
    let visit: Visit | undefined

    const finish = (answer: ServerAnswer) => Deferred.unsafeDone(finished, Effect.succeed(answer))
    const fail = (problem: string) => finish({ _tag: "Failed", reason: "NoParley", problem })

    const policy = policyOf(link.tls)
    const trust = new ServerTrust(ServerName.of(server.host, server.port), policy)
    const ways = waysOf(server, trust.shallEncrypt(undefined), policy.tls)
    const place = { host: server.host, tls: dialTlsOf(link.tls), proxy: link.proxy }
    const options = { placeOf: () => place, timeoutMs: CONNECT }
    return yield* Ways.dial(dialer, ways, options, (connection, way) => {
      const { remote, tls } = connection
      const via = viaOf(way, server, link.proxy)
      const distrusted = trust.judge({ remote, certificate: tls?.certificate, via }, undefined, time.wall())
      if (distrusted !== undefined) fail(distrusted.message)
      const now = time.monotonic()
      const made = new Visit(connection, via, now - begun, now)
      visit = made
      return {
        onData: (data) => {
          const problem = made.hear(data, time)
          if (problem !== undefined) fail(problem)
          if (made.isDone) finish(made.answer)
        },
        onClose: () => fail("the server closed the connection without a word; is it a parley server?")
      }
    }).pipe(
      Effect.zipRight(
        Effect.timeoutTo(Deferred.await(finished), {
          duration: Duration.millis(GREET),
          onSuccess: (answer): ServerAnswer => answer,
          onTimeout: () => visit?.answer ?? SILENT
        })
      ),
      Effect.catchAll(({ error: { message, reason } }) =>
        Effect.succeed<ServerAnswer>({ _tag: "Failed", reason, problem: message })
      ),
      Effect.scoped
    )
  })

/** What a server says, from the connection on. */
class Visit {
  readonly #machine: ControlLink
  #welcome: typeof Control.Welcome.Type | undefined
  #welcomedAt = 0
  #answers = 0
  #asked = 0
  #rttMs = Number.POSITIVE_INFINITY

  /** `connectedMs`: how long it took to connect. */
  constructor(
    private readonly connection: Connection,
    private readonly via: Via | undefined,
    private readonly connectedMs: number,
    now: number
  ) {
    this.#machine = new ControlLink(now, connection.tls !== undefined)
  }

  get isDone(): boolean {
    return this.#answers === QUESTIONS
  }

  /** What is known by now. */
  get answer(): ServerAnswer {
    const welcome = this.#welcome
    if (welcome === undefined) return SILENT
    const rttMs = this.#answers > 0 ? this.#rttMs : this.connectedMs
    const clockDifferenceMs = welcome.now && Math.round(welcome.now + rttMs / 2 - this.#welcomedAt)
    const { remote, tls } = this.connection
    return {
      _tag: "Reached",
      remote,
      welcome,
      rttMs,
      clockDifferenceMs,
      certificate: tls?.certificate,
      via: this.via
    }
  }

  /** Takes what came, and asks on; half a sentence when the server is not one to talk to. */
  hear(data: Uint8Array, time: Time.Time): string | undefined {
    const machine = this.#machine
    let problem: string | undefined
    machine.handleBytes(data, time.monotonic())
    for (let event = machine.pollEvent(); event !== undefined; event = machine.pollEvent()) {
      if (event._tag === "Ready") {
        this.#welcome = event.welcome
        this.#welcomedAt = time.wall()
      }
      if (event._tag === "Refused") problem ??= `the server refused: ${event.refusal.message}`
      if (event._tag === "Broken") problem ??= event.message
      if (event._tag === "Answered") {
        this.#rttMs = Math.min(this.#rttMs, time.monotonic() - this.#asked)
        this.#answers++
      }
      if (this.#welcome === undefined || (event._tag !== "Ready" && event._tag !== "Answered")) continue
      if (this.isDone) machine.exit(undefined)
      else {
        this.#asked = time.monotonic()
        machine.request(QUESTION, this.#asked)
      }
    }
    for (let output = machine.pollTransmit(); output !== undefined; output = machine.pollTransmit())
      this.connection.send(output)
    return problem
  }
}

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
/** Milliseconds for the greeting and the answers: as many as come in time, be it none where a satellite is between. */
const GREET = 2_000
/** Answered at once, be it with `NotRegistered`; the answer to a ping would stay inside the link. */
const QUESTION = { _tag: "List", limit: 1 } as const
/** The fastest of three is the link's round trip, and not the time that a busy machine took for one of them. */
const QUESTIONS = 3
