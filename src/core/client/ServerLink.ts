import type { ChannelId } from "../../domain/ChannelId.js"
import type { Endpoint } from "../../domain/Endpoint.js"
import type * as Control from "../../protocol/Control.js"
import { type ControlEvent, ControlLink } from "../control/ControlLink.js"
import type { RequestBody } from "../control/ServerCodec.js"
import { NEVER } from "../support/Deadline.js"
import { Backoff } from "./Backoff.js"
import { ServerOrder } from "./ServerOrder.js"

export interface ServerLinkOptions {
  /** Fresh unpredictable bytes, for the spread of attempts. */
  readonly random: (length: number) => Uint8Array
  /** How many servers there are to choose from (`ServerOrder`); one when left out. */
  readonly servers?: number
}

/**
 * Keeps a control link to a server while one is wanted: asks for a connection (`pollDial`), drives a `ControlLink`
 * over it, and asks again after a loss, later and later. On another server than the first it looks now and then
 * whether a better one answers (`pollLook`), and goes back there.
 *
 * Each request carries a `Purpose` of the caller, which comes back with the reply: exactly one `Answered` follows each
 * `request`, with no reply when there is no link, or none any more. Everything comes out in the order in which the
 * server said it; a lost link is told (`Down`) before the requests that it leaves unanswered.
 */
export class ServerLink<Purpose> {
  readonly #backoff = new Backoff()
  readonly #events: Array<ServerEvent<Purpose>> = []
  readonly #output: Array<ServerOutput> = []
  /** Requests under way; bounded by the machine's table of unanswered requests. */
  readonly #asked = new Map<number, Purpose>()
  readonly #order: ServerOrder
  #phase: "idle" | "waiting" | "dialling" | "connected" | "closed" = "idle"
  #wanted = false
  #shallDial: ReadonlyArray<number> | undefined
  #control: ControlLink | undefined
  #local: Endpoint | undefined
  #remote: Endpoint | undefined
  #exporter: Uint8Array | undefined
  #connectedAt = 0
  #roundTripMs = 0
  /** Why the connection ends, when we know better than the socket does. */
  #endReason: string | undefined
  /** Why it was given up by ourselves, and is used no more. */
  #isRefused = false
  /** The server has let us in. */
  #isAccepted = false
  /** When the next attempt is due, while `waiting`. */
  #dialAt = 0
  /** When to look for a better server, while we are on another one; ms between two looks. */
  #lookAt = NEVER
  #lookEvery = FIRST_LOOK
  #shallLook = false

  constructor(private readonly options: ServerLinkOptions) {
    this.#order = new ServerOrder(options.servers ?? 1)
  }

  /** Whether requests may be made. */
  get ready(): boolean {
    return this.#control?.ready === true && !this.#isRefused
  }

  /** Whether another server is still to be tried before all have let us down. */
  get hasOther(): boolean {
    return this.#order.hasOther
  }

  /** Whether there is anything to be connected for. While there is not, a lost link stays lost, and is no event. */
  setWanted(wanted: boolean): void {
    this.#wanted = wanted
    if (wanted && this.#phase === "idle") this.#dial(NEVER)
  }

  /**
   * The connection that `pollDial` asked for is there, to one of the servers that it named; with the exporter of TLS,
   * where it is encrypted.
   */
  handleConnected(
    local: Endpoint,
    remote: Endpoint | undefined,
    now: number,
    { exporter, server = 0 }: { readonly exporter?: Uint8Array | undefined; readonly server?: number } = {}
  ): void {
    if (this.#phase === "closed") {
      this.#output.push("destroy")
      return
    }
    this.#phase = "connected"
    this.#order.connected(server)
    this.#control = new ControlLink(now, exporter !== undefined)
    this.#local = local
    this.#remote = remote
    this.#exporter = exporter
    this.#connectedAt = now
    this.#endReason = undefined
    this.#isRefused = false
    this.#isAccepted = false
  }

  /** The connection that is there is not to be used; `message` as in `handleDisconnected`, which follows. */
  refuse(message: string): void {
    this.#order.standBack(this.#order.current)
    this.#leave(message)
  }

  /** The same of a connection that is not to the server that we mean. */
  distrust(message: string, server = 0): void {
    this.#order.connected(server)
    this.#order.distrust(server)
    this.#leave(message)
  }

  #leave(message: string): void {
    this.#isRefused = true
    this.#endReason = message
    this.#output.push("destroy")
  }

  handleBytes(chunk: Uint8Array, now: number): void {
    this.#control?.handleBytes(chunk, now)
    this.#drain(now)
  }

  /** The connection has ended, or there was none to be had; `message` says why, in half a sentence for people. */
  handleDisconnected(message: string, now: number): void {
    const wasConnected = this.#control !== undefined
    const reason = this.#endReason ?? message
    const wasAccepted = wasConnected && this.#isAccepted
    if (wasConnected && !this.#isAccepted) this.#order.standBack(this.#order.current)
    else if (!wasConnected && !this.#isRefused) this.#order.missed()
    this.#control = undefined
    this.#local = undefined
    this.#remote = undefined
    this.#endReason = undefined
    this.#isRefused = false
    this.#lookAt = NEVER
    this.#output.length = 0
    if (wasConnected) this.#events.push({ _tag: "Down" })
    for (const purpose of this.#asked.values()) this.#events.push({ _tag: "Answered", purpose, reply: undefined })
    this.#asked.clear()
    if (this.#phase === "closed") return
    if (!this.#wanted) {
      this.#phase = "idle"
      return
    }
    this.#phase = "waiting"
    const retryInMs = Math.max(this.#backoff.next(this.#draw()), Math.ceil(this.#order.dialAt - now))
    this.#dialAt = now + retryInMs
    // Who was let down by one server, and goes on to another one at once, has lost nothing.
    if (wasAccepted || !this.#order.hasOther) this.#events.push({ _tag: "Lost", message: reason, retryInMs })
  }

  handleTimeout(now: number): void {
    this.#control?.handleTimeout(now)
    this.#drain(now)
    if (now >= this.#lookAt) this.#look(now)
    if (this.#phase !== "waiting" || now < this.#dialAt) return
    if (this.#wanted) this.#dial(now)
    else this.#phase = "idle"
  }

  request(body: RequestBody, purpose: Purpose, now: number): void {
    const id = this.#control?.request(body, now)
    if (id === undefined) this.#events.push({ _tag: "Answered", purpose, reply: undefined })
    else this.#asked.set(id, purpose)
    this.#drain(now)
  }

  /** Gives the server a packet to carry; lost when there is no link now. */
  relay(channel: ChannelId, packet: Uint8Array, now: number): void {
    this.#control?.relay(channel, packet)
    this.#drain(now)
  }

  /** The server's relay has fallen silent: if the link has, too, it is dialled anew. */
  check(now: number): void {
    this.#control?.check(CHECK_PATIENCE + 2 * this.#roundTripMs, now)
  }

  /** The server has accepted us: the next loss starts with short waits again. */
  settled(now: number): void {
    this.#backoff.reset()
    this.#order.accepted()
    if (this.#isAccepted) return
    this.#isAccepted = true
    const { length } = this.#order.better
    if (length === 0) this.#lookEvery = FIRST_LOOK
    this.#lookAt = length === 0 ? NEVER : this.#nextLook(now)
  }

  /**
   * Of the servers that `pollLook` named, this one answers; `reason` tells people why we go there. Not while somebody
   * waits for an answer: then we go at the next look.
   */
  handleBetter(reason: string): void {
    if (this.#control === undefined || !this.#isAccepted || this.#asked.size > 0) return
    this.#leave(reason)
  }

  /**
   * The machine has lost these addresses: a link from one of them is dead, and is dialled anew instead of waited for.
   */
  addressesGone(addresses: ReadonlyArray<string>): void {
    if (this.#local === undefined || !addresses.includes(this.#local.address)) return
    this.#endReason = "this machine's network changed"
    this.#output.push("destroy")
  }

  /** Says goodbye, with how the conversations went, and never dials again. */
  close(outcome: typeof Control.Mood.Type | undefined, now: number): void {
    if (this.#phase === "closed") return
    this.#phase = "closed"
    this.#shallDial = undefined
    if (this.#control === undefined) return
    this.#control.exit(outcome)
    this.#drain(now)
    this.#output.push("end")
  }

  /**
   * Whether a connection is to be opened now, and to which servers, the best first; `handleConnected` or
   * `handleDisconnected` follows once.
   */
  pollDial(): ReadonlyArray<number> | undefined {
    const dial = this.#shallDial
    this.#shallDial = undefined
    return dial
  }

  /** Whether to look if one of these servers answers, the best first: `handleBetter` follows where one does. */
  pollLook(): ReadonlyArray<number> | undefined {
    const shallLook = this.#shallLook
    this.#shallLook = false
    return shallLook ? this.#order.better : undefined
  }

  /** The next bytes for the connection, or how it is to be closed. */
  pollTransmit(): ServerOutput | undefined {
    return this.#output.shift()
  }

  pollEvent(): ServerEvent<Purpose> | undefined {
    return this.#events.shift()
  }

  pollTimeout(): number | undefined {
    if (this.#phase === "waiting") return this.#dialAt
    const next = Math.min(this.#control?.pollTimeout() ?? NEVER, this.#lookAt)
    return next === NEVER ? undefined : next
  }

  #look(now: number): void {
    this.#shallLook = this.#phase === "connected"
    this.#lookAt = this.#nextLook(now)
  }

  /** Later and later, and not everybody at once. */
  #nextLook(now: number): number {
    const wait = this.#lookEvery * (0.75 + this.#draw() / 2)
    this.#lookEvery = Math.min(2 * this.#lookEvery, LONGEST_LOOK)
    return now + wait
  }

  #dial(now: number): void {
    this.#phase = "dialling"
    this.#shallDial = this.#order.dial(now)
  }

  #drain(now: number): void {
    const control = this.#control
    if (control === undefined) return
    for (let event = control.pollEvent(); event !== undefined; event = control.pollEvent()) this.#handle(event, now)
    for (let data = control.pollTransmit(); data !== undefined; data = control.pollTransmit()) this.#output.push(data)
  }

  #handle(event: ControlEvent, now: number): void {
    switch (event._tag) {
      case "Ready":
        this.#roundTripMs = now - this.#connectedAt
        this.#events.push({
          _tag: "Ready",
          welcome: event.welcome,
          remote: this.#remote,
          exporter: this.#exporter,
          roundTripMs: this.#roundTripMs
        })
        return
      case "Answered":
        this.#answer(event.id, event.reply)
        return
      case "Unanswered":
        this.#answer(event.id, undefined)
        return
      case "Restarting":
        this.#endReason = "the server restarts"
        // Each client takes its own place in the spread of a restart.
        this.#holdOff(event.inMs + this.#draw() * event.spreadMs, now)
        return
      case "Broken":
        this.#endReason = event.message
        this.#output.push("destroy")
        return
      case "Bye":
        return
      case "Refused":
        this.#endReason = event.refusal.message
        if (event.refusal._tag === "RateLimited") this.#holdOff(event.refusal.retryAfterMs, now)
        this.#events.push(event)
        return
      default:
        this.#events.push(event)
    }
  }

  #holdOff(ms: number, now: number): void {
    this.#order.holdOff(this.#order.current, now + Math.min(ms, LONGEST_RESTART))
  }

  #answer(id: number, reply: Control.Reply | undefined): void {
    const purpose = this.#asked.get(id)
    if (purpose === undefined) return
    this.#asked.delete(id)
    this.#events.push({ _tag: "Answered", purpose, reply })
  }

  /** Uniform in [0, 1). */
  #draw(): number {
    const bytes = this.options.random(4)
    return (((bytes[0]! * 256 + bytes[1]!) * 256 + bytes[2]!) * 256 + bytes[3]!) / 2 ** 32
  }
}

/** Bytes, or what to do with the connection: `end` once everything is sent, `destroy` at once. */
export type ServerOutput = Uint8Array | "end" | "destroy"

/** What the server says on its own account. */
export type PushedEvent = Exclude<
  ControlEvent,
  { readonly _tag: "Ready" | "Answered" | "Unanswered" | "Restarting" | "Broken" | "Bye" }
>

export type ServerEvent<Purpose> =
  | {
      readonly _tag: "Ready"
      readonly welcome: typeof Control.Welcome.Type
      /** Where the server is; unknown where a proxy leads there. */
      readonly remote: Endpoint | undefined
      readonly exporter: Uint8Array | undefined
      /** From the connection to the greeting, which the server sends as soon as it has the connection. */
      readonly roundTripMs: number
    }
  | { readonly _tag: "Answered"; readonly purpose: Purpose; readonly reply: Control.Reply | undefined }
  /** The link is gone. */
  | { readonly _tag: "Down" }
  /** The next attempt is made in `retryInMs`. */
  | { readonly _tag: "Lost"; readonly message: string; readonly retryInMs: number }
  | PushedEvent

/**
 * ms, and two round trips: a lost segment or two are sent again in this time, and a link that is given up in vain costs
 * little, since nobody is told that we were away.
 */
const CHECK_PATIENCE = 2_500

/** ms from another server to the first look for a better one, and at most between two. */
const FIRST_LOOK = 60_000
const LONGEST_LOOK = 10 * 60_000

/** No honest restart takes longer; a hostile server shall not send us to sleep for days. */
const LONGEST_RESTART = 10 * 60_000
