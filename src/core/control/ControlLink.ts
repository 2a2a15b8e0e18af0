import type { ChannelId } from "../../domain/ChannelId.js"
import type * as Control from "../../protocol/Control.js"
import { PROTOCOL_VERSION } from "../../protocol/Control.js"
import { LineFraming } from "../../protocol/LineFraming.js"
import { NEVER } from "../support/Deadline.js"
import { PendingRequests, REPLY_TIMEOUT } from "./PendingRequests.js"
import { Presence, type Roster } from "./Presence.js"
import { answers, decode, encode, encodeExit, encodeRelay, isRefusal, type RequestBody } from "./ServerCodec.js"

/**
 * The client's side of one control link (docs/protocol.md §1), from the connection to its end.
 *
 * Life: the server speaks first; `Welcome` within `WELCOME_TIMEOUT` makes the link `Ready`, and requests may go out,
 * several at a time, each answered once (`Answered`) or given up after `REPLY_TIMEOUT` (`Unanswered`). From `Ready` on
 * the machine pings, so that the server keeps the lease and we notice a dead link: a ping without an answer ends it.
 * While everybody is watched, presence events are checked for gaps, and the list is read again by itself when one shows
 * (`Roster`); of single nicknames the server tells what changed (`Presence`).
 * `Broken` is the last event of a link that the machine gives up; the driver closes the connection. The machine is
 * never reused: a new connection gets a new one.
 *
 * After every call the driver drains `pollEvent` and `pollTransmit` and re-arms its alarm at `pollTimeout`. Nothing
 * here throws.
 */
export class ControlLink {
  readonly #framing = new LineFraming()
  readonly #pending = new PendingRequests()
  readonly #presence = new Presence()
  readonly #events: Array<ControlEvent> = []
  readonly #output: Array<Uint8Array> = []
  #phase: "greeting" | "ready" | "broken" = "greeting"
  #pingEvery = DEFAULT_PING
  /** The request that ends the watching of everybody. */
  #unwatching: number | undefined
  /** When the server counts as gone because it says nothing, not even the answer to a ping of `check`. */
  #silentAt: number | undefined
  /** When the greeting is overdue; from `Ready` on, when the next ping is due. */
  #alarm: number

  constructor(
    now: number,
    /** Whether the link is encrypted, so that a server which says nothing does not wait for that. */
    private readonly isEncrypted = false
  ) {
    this.#alarm = now + WELCOME_TIMEOUT
  }

  /** Whether requests may be made. */
  get ready(): boolean {
    return this.#phase === "ready"
  }

  /** Sends a request: its id, or `undefined` when the link is not `ready` or too many requests are unanswered. */
  request(body: RequestBody, now: number): number | undefined {
    if (this.#phase !== "ready") return undefined
    const id = this.#pending.add(body._tag, now)
    if (id === undefined) return undefined
    if (body._tag === "Unwatch" && body.nicks === undefined) this.#unwatching = id
    this.#output.push(encode({ ...body, id }))
    return id
  }

  /** Tells the server that we leave for good; `Bye` follows, and the end of the connection. */
  exit(mood: typeof Control.Mood.Type | undefined): void {
    if (this.#phase === "ready") this.#output.push(encodeExit(mood))
  }

  /** Gives the server a packet to carry; lost, as datagrams are, when the link is not `ready`. */
  relay(channel: ChannelId, packet: Uint8Array): void {
    if (this.#phase === "ready") this.#output.push(encodeRelay(channel, packet))
  }

  /**
   * There is a sign that the server is gone: it has to say something within `patience` ms, or the link is given up.
   */
  check(patience: number, now: number): void {
    if (this.#phase !== "ready" || this.#silentAt !== undefined) return
    if (this.request({ _tag: "Ping" }, now) !== undefined) this.#silentAt = now + patience
  }

  handleBytes(chunk: Uint8Array, now: number): void {
    if (this.#phase === "broken") return
    this.#silentAt = undefined
    this.#framing.push(chunk)
    for (let line = this.#framing.next(); line !== undefined; line = this.#framing.next()) {
      if (line._tag === "Text") this.#line(line.text, now)
      else
        this.#break("Protocol", line._tag === "TooLarge" ? "sent a line over the limit" : "sent bytes that are no text")
      if (this.#isBroken()) return
    }
  }

  handleTimeout(now: number): void {
    if (this.#phase === "greeting" && now >= this.#alarm) this.#break("Silent", "did not greet")
    if (this.#phase !== "ready") return
    if (now >= (this.#silentAt ?? NEVER)) {
      this.#break("Silent", "stopped answering")
      return
    }
    for (let late = this.#pending.expire(now); late !== undefined; late = this.#pending.expire(now)) {
      if (late.request === "Ping") {
        this.#break("Silent", "stopped answering")
        return
      }
      if (this.#presence.owns(late.id)) this.#presence.abandon()
      else this.#events.push({ _tag: "Unanswered", id: late.id })
    }
    if (now >= this.#alarm) {
      this.#alarm = now + this.#pingEvery
      this.request({ _tag: "Ping" }, now)
    }
  }

  pollTimeout(): number | undefined {
    if (this.#phase === "broken") return undefined
    return Math.min(this.#alarm, this.#pending.deadline() ?? NEVER, this.#silentAt ?? NEVER)
  }

  /** The next bytes for the server. */
  pollTransmit(): Uint8Array | undefined {
    return this.#output.shift()
  }

  pollEvent(): ControlEvent | undefined {
    return this.#events.shift()
  }

  #line(text: string, now: number): void {
    if (text.length === 0) return
    const decoded = decode(text)
    if (decoded._tag === "Malformed") {
      this.#break("Protocol", "sent something that is no message")
      return
    }
    if (decoded._tag === "Unknown") return
    const message = decoded.message
    if (message._tag === "Welcome") {
      this.#welcome(message, now)
      return
    }
    if (this.#phase === "greeting" && !isRefusal(message)) {
      this.#break("Protocol", "spoke before its greeting")
      return
    }
    switch (message._tag) {
      case "Incoming":
      case "Restarting":
      case "Replaced":
      case "Relay":
      case "Presence":
        this.#events.push(message)
        return
      case "Joined":
      case "Left":
      case "Changed":
        this.#presenceEvent(message, now)
        return
      default:
        this.#reply(message, now)
        return
    }
  }

  #welcome(welcome: typeof Control.Welcome.Type, now: number): void {
    if (this.#phase !== "greeting") {
      this.#break("Protocol", "greeted twice")
      return
    }
    this.#phase = "ready"
    if (welcome.protocol !== PROTOCOL_VERSION) {
      this.#break("Protocol", `speaks version ${welcome.protocol} of the protocol, we speak ${PROTOCOL_VERSION}`)
      return
    }
    this.#pingEvery = Math.min(Math.max(Math.floor(welcome.limits.idleMs / 3), MIN_PING), DEFAULT_PING)
    this.#alarm = now + this.#pingEvery
    this.#events.push({ _tag: "Ready", welcome })
  }

  #reply(reply: Control.Reply, now: number): void {
    if (reply.id === undefined) {
      if (isRefusal(reply)) this.#events.push({ _tag: "Refused", refusal: reply })
      else if (reply._tag === "Bye") this.#events.push({ _tag: "Bye" })
      return
    }
    const request = this.#pending.take(reply.id)
    if (request === undefined) {
      if (!this.#pending.issued(reply.id)) this.#break("Protocol", "answered what was not asked")
      return
    }
    if (!answers(request, reply)) {
      this.#break("Protocol", `answered ${request} with ${reply._tag}`)
      return
    }
    if (request === "Ping") return
    if (this.#presence.owns(reply.id)) {
      this.#page(reply, now)
      return
    }
    if (reply._tag === "Watching" && reply.here === undefined) this.#presence.start(reply.version)
    if (reply._tag === "Unwatched" && reply.id === this.#unwatching) this.#presence.stop()
    if (reply._tag === "Registered") {
      this.#pingEvery = Math.min(this.#pingEvery, Math.max(Math.floor(reply.lease / 3), MIN_PING))
      this.#alarm = Math.min(this.#alarm, now + this.#pingEvery)
    }
    this.#events.push({ _tag: "Answered", id: reply.id, reply })
  }

  #presenceEvent(event: Control.Event & { readonly _tag: "Joined" | "Left" | "Changed" }, now: number): void {
    const verdict = this.#presence.event(event.version, event.nick)
    if (verdict === "Stale") return
    this.#events.push(event)
    if (verdict === "Gap") {
      this.#presence.begin()
      this.#nextPage(undefined, now)
    }
  }

  #page(reply: Control.Reply, now: number): void {
    if (reply._tag !== "Clients") {
      this.#presence.abandon()
      return
    }
    const step = this.#presence.page(reply)
    if ("roster" in step) this.#events.push({ _tag: "Roster", ...step.roster })
    else this.#nextPage(step.next, now)
  }

  #nextPage(after: string | undefined, now: number): void {
    const id = this.request({ _tag: "List", limit: PAGE, ...(after === undefined ? {} : { after }) }, now)
    if (id === undefined) this.#presence.abandon()
    else this.#presence.requested(id)
  }

  #break(reason: "Protocol" | "Silent", what: string): void {
    // Whoever never greeted is most likely something else on a mistyped port.
    const isDoubtful = this.#phase === "greeting"
    const isWaiting = reason === "Silent" && !this.isEncrypted
    const doubt = !isDoubtful ? "" : isWaiting ? "; if it encrypts, say --tls" : "; is it a parley server?"
    this.#phase = "broken"
    this.#output.length = 0
    for (const id of this.#pending.clear()) this.#events.push({ _tag: "Unanswered", id })
    this.#events.push({ _tag: "Broken", reason, message: `the server ${what}${doubt}` })
  }

  #isBroken(): boolean {
    return this.#phase === "broken"
  }
}

export type ControlEvent =
  | { readonly _tag: "Ready"; readonly welcome: typeof Control.Welcome.Type }
  /** The reply, possibly a refusal, to the request with this id. */
  | { readonly _tag: "Answered"; readonly id: number; readonly reply: Control.Reply }
  /** No reply in time, or none any more. */
  | { readonly _tag: "Unanswered"; readonly id: number }
  | typeof Control.Incoming.Type
  | typeof Control.Joined.Type
  | typeof Control.Left.Type
  | typeof Control.Changed.Type
  | typeof Control.Presence.Type
  /** The list, read again after presence events were missed. */
  | ({ readonly _tag: "Roster" } & Roster)
  | typeof Control.Restarting.Type
  | typeof Control.Replaced.Type
  | typeof Control.Relay.Type
  | { readonly _tag: "Bye" }
  /** A refusal that answers no request: the reason why the server is about to close the connection. */
  | { readonly _tag: "Refused"; readonly refusal: Control.Refusal }
  /** The last event. `message` is half a sentence for people. */
  | { readonly _tag: "Broken"; readonly reason: "Protocol" | "Silent"; readonly message: string }

/** Milliseconds from the connection to the greeting, which a server sends at once: the time of a reply. */
export const WELCOME_TIMEOUT = REPLY_TIMEOUT

/** Milliseconds between pings: a third of the usual lease and idle limit of 45 s, so that two may be lost. */
export const DEFAULT_PING = 15_000

/** A server that asks for pings faster than one a second is not obeyed: it could make us flood it. */
const MIN_PING = 1_000

/** Entries asked for in a re-read; the server cuts the page to its own limit. */
const PAGE = 200
