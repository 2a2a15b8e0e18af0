import type { ChannelId } from "../../domain/ChannelId.js"
import * as Endpoint from "../../domain/Endpoint.js"
import * as Nickname from "../../domain/Nickname.js"
import * as Bytes from "../../protocol/Bytes.js"
import type * as Control from "../../protocol/Control.js"
import type { Occasion } from "../../protocol/PeerRecord.js"
import { isRefusal, type RequestBody } from "../control/ServerCodec.js"
import { labelOf } from "../lan/Neighbourhood.js"
import type { Rate } from "../support/TokenBucket.js"
import type { OfferedIntroduction } from "./Introductions.js"
import type { LanEvent, LanRendezvous, OwnCard } from "./LanRendezvous.js"
import type { PeerInfo } from "./PeerInfo.js"
import type { PushedEvent, ServerEvent, ServerLink } from "./ServerLink.js"

/**
 * Where people find each other: at a server, on the local network, or both.
 *
 * A server comes first, and the local network is for whom the server does not know, or while it is away: the server has
 * promised to keep nicknames for their owners, which nobody does on a local network. Who comes and goes is told by the
 * server where there is one.
 *
 * Each request is answered exactly once (`Answered`), with the `Purpose` that it was made for; answers and events come
 * in the order in which they happened.
 */
export class Rendezvous<Purpose> {
  readonly #events: Array<RendezvousEvent<Purpose>> = []
  /** Who is on the server's list, page by page, while it is read. */
  readonly #listed = { fingerprints: new Set<string>(), keys: new Set<string>() }
  #isOpen = false
  #isClosed = false
  /** Whether the server runs on this machine. */
  #isServerHere = false

  constructor(
    private readonly server: ServerLink<Asked<Purpose>> | undefined,
    private readonly lan: LanRendezvous<Asked<Purpose>> | undefined,
    /** What we call the server that is connected (`domain/ServerName`). */
    private readonly called?: { readonly name: string }
  ) {}

  /** Whether requests are answered now, as far as we know. */
  get ready(): boolean {
    return this.server === undefined ? this.#isOpen && !this.#isClosed : this.server.ready
  }

  /** Whether there is anything to be connected for: the server is dialled as long as there is. */
  setWanted(wanted: boolean): void {
    this.server?.setWanted(wanted)
    if (this.server !== undefined || !wanted || this.#isOpen) return
    this.#isOpen = true
    const nothing = { relayRate: undefined, occasion: NO_OCCASION, greeting: undefined, serverNow: undefined }
    this.#events.push({ _tag: "Ready", remote: undefined, ports: { udp: [] }, relay: false, ...nothing })
  }

  /** Takes a nickname, with a request that is signed for the occasion of `Ready`, and shows us where we hold it. */
  register(body: RequestBody & { readonly _tag: "Register" }, own: OwnCard, purpose: Purpose, now: number): void {
    if (this.server !== undefined) {
      this.server.request(body, { _tag: "Register", own, purpose }, now)
      return
    }
    this.lan!.show(own, now)
    this.#answer(purpose, { _tag: "Registered", nick: own.nick, observed: own.address })
  }

  /** One page of who is there, in order of nicknames, from after `after` on. */
  list(after: string | undefined, purpose: Purpose, now: number): void {
    const asked: Asked<Purpose> = { _tag: "List", isFirst: after === undefined, page: undefined, purpose }
    if (this.server === undefined) this.lan!.list(asked, now)
    else this.server.request({ _tag: "List", ...(after === undefined ? {} : { after }) }, asked, now)
  }

  query(nick: string, purpose: Purpose, now: number): void {
    const asked: Asked<Purpose> = { _tag: "Query", nick, purpose }
    if (this.server === undefined) this.lan!.query(nick, asked, now)
    else this.server.request({ _tag: "Query", nick }, asked, now)
  }

  /** Whether everybody who comes and goes is told, whoever is watched: so it is on a local network alone. */
  get tellsAll(): boolean {
    return this.server === undefined
  }

  /** Wants to be told when these nicknames come and go, or everybody, besides those who are watched already. */
  watch(nicks: ReadonlyArray<string> | undefined, purpose: Purpose, now: number): void {
    this.#simple({ _tag: "Watch", ...(nicks && { nicks }) }, purpose, now)
  }

  /** Takes the same back. */
  unwatch(nicks: ReadonlyArray<string> | undefined, purpose: Purpose, now: number): void {
    this.#simple({ _tag: "Unwatch", ...(nicks && { nicks }) }, purpose, now)
  }

  /** Tells the server where we may be reached, and whether nobody else is to learn our addresses. */
  update(endpoints: ReadonlyArray<string>, isPrivate: boolean, purpose: Purpose, now: number): void {
    this.#simple({ _tag: "Update", endpoints, ...(isPrivate ? { private: true } : {}) }, purpose, now)
  }

  /** Tells the other side of the channel where we may be reached. */
  tell(channel: ChannelId, endpoints: ReadonlyArray<string>, purpose: Purpose, now: number): void {
    this.#simple({ _tag: "Tell", channel, endpoints }, purpose, now)
  }

  /** Gives the server a packet to carry; lost when there is no link now. */
  relay(channel: ChannelId, packet: Uint8Array, now: number): void {
    this.server?.relay(channel, packet, now)
  }

  /** There is a sign that the link to the server is dead: it has to say something soon, or is dialled anew. */
  check(now: number): void {
    this.server?.check(now)
  }

  /** We were accepted: the next loss of the link starts with short waits again. */
  settled(now: number): void {
    this.server?.settled(now)
  }

  /** The server does not let us in: whether there is another one, which is tried then. `message` is for people. */
  passOver(message: string): boolean {
    if (this.server?.hasOther !== true) return false
    this.server.refuse(message)
    return true
  }

  /** Says goodbye for good. */
  close(outcome: typeof Control.Mood.Type | undefined, now: number): void {
    this.#isClosed = true
    this.server?.close(outcome, now)
  }

  /** What happened next, at the server and on the local network. */
  pollEvent(now: number): RendezvousEvent<Purpose> | undefined {
    while (true) {
      const known = this.#events.shift()
      if (known !== undefined) return known
      const fromServer = this.server?.pollEvent()
      if (fromServer !== undefined) {
        this.#handleServer(fromServer, now)
        continue
      }
      const fromLan = this.lan?.pollEvent()
      if (fromLan === undefined) return undefined
      this.#handleLan(fromLan)
    }
  }

  #simple(body: RequestBody, purpose: Purpose, now: number): void {
    if (this.server === undefined) this.#answer(purpose, DONE)
    else this.server.request(body, { _tag: "Simple", purpose }, now)
  }

  #handleServer(event: ServerEvent<Asked<Purpose>>, now: number): void {
    switch (event._tag) {
      case "Ready": {
        const { challenge, motd, now: time, relay = false, relayRate: told, udp, udpAt } = event.welcome
        const relayRate = told && { burst: told.burst, perSecond: told.bytesPerSecond }
        const { exporter, remote } = event
        const occasion = {
          challenge: Bytes.fromBase64Url(challenge) ?? new Uint8Array(),
          server: this.called?.name,
          exporter
        }
        const serverNow = time === undefined ? undefined : time + event.roundTripMs / 2
        this.#isServerHere = remote !== undefined && Endpoint.scope(remote) === "loopback"
        const ports = { udp, udpAt }
        this.#events.push({ _tag: "Ready", remote, ports, relay, relayRate, occasion, greeting: motd, serverNow })
        return
      }
      case "Answered":
        this.#handleReply(event.purpose, event.reply, now)
        return
      case "Incoming":
        this.#events.push(this.#offered(event))
        return
      default:
        this.#events.push(event)
    }
  }

  #answerOf(reply: Control.Reply | undefined): Answer {
    const answer = answerOf(reply)
    return answer._tag === "Introduced" ? { ...answer, introduction: this.#offered(answer.introduction) } : answer
  }

  /** What the server says of somebody, without addresses that cannot be theirs. */
  #offered<A extends OfferedIntroduction>(introduction: A): A {
    const address = Endpoint.parse(introduction.address)
    const isHere = this.#isServerHere && address !== undefined && Endpoint.scope(address) === "loopback"
    const candidates = introduction.candidates.filter((text) => {
      const endpoint = Endpoint.parse(text)
      return endpoint !== undefined && Endpoint.isCandidate(endpoint, isHere)
    })
    return { ...introduction, candidates, isHere }
  }

  #handleReply(asked: Asked<Purpose>, reply: Control.Reply | undefined, now: number): void {
    const { lan } = this
    const { purpose } = asked
    const answer = this.#answerOf(reply)
    if (asked._tag === "Register" && answer._tag === "Registered")
      lan?.show({ ...asked.own, nick: answer.nick, address: answer.observed }, now)
    if (asked._tag === "Query" && answer._tag !== "Introduced" && lan?.knows(asked.nick) === true) {
      lan.query(asked.nick, asked, now)
      return
    }
    if (asked._tag === "List" && lan !== undefined) {
      if (answer._tag === "Unanswered") {
        lan.list(asked, now)
        return
      }
      if (answer._tag === "Listed") {
        this.#mergePage(asked, answer, now)
        return
      }
    }
    this.#answer(purpose, answer)
  }

  /** The last page of the server is completed with those on the local network whom it does not show. */
  #mergePage(asked: Asked<Purpose> & { readonly _tag: "List" }, page: Listed, now: number): void {
    const { fingerprints, keys } = this.#listed
    if (asked.isFirst) {
      fingerprints.clear()
      keys.clear()
    }
    for (const { fingerprint, nick } of page.entries) {
      fingerprints.add(fingerprint)
      keys.add(Nickname.key(nick))
    }
    if (page.next !== undefined) this.#answer(asked.purpose, page)
    else this.lan!.list({ ...asked, page }, now)
  }

  #handleLan(event: LanEvent<Asked<Purpose>>): void {
    switch (event._tag) {
      case "Found":
        this.#answer(event.purpose.purpose, { _tag: "Introduced", introduction: event.introduction })
        return
      case "NotFound":
        // The server's list needs no completion while we do not show ourselves on the local network.
        this.#answer(event.purpose.purpose, pageOf(event.purpose) ?? { _tag: "Nobody", message: event.message })
        return
      case "Listed": {
        const page = pageOf(event.purpose)
        const entries = page === undefined ? event.entries : [...page.entries, ...this.#unlisted(event.entries)]
        this.#answer(event.purpose.purpose, { _tag: "Listed", entries, next: undefined })
        return
      }
      case "Joined":
      case "Left":
      case "Changed":
        if (this.server === undefined) this.#events.push(event)
        return
      default:
        this.#events.push(event)
    }
  }

  #unlisted(entries: ReadonlyArray<PeerInfo>): ReadonlyArray<PeerInfo> {
    const { fingerprints, keys } = this.#listed
    return entries
      .filter(({ fingerprint }) => !fingerprints.has(fingerprint))
      .map((entry) => (keys.has(Nickname.key(entry.nick)) ? { ...entry, nick: labelOf(entry) } : entry))
  }

  #answer(purpose: Purpose, answer: Answer): void {
    this.#events.push({ _tag: "Answered", purpose, answer })
  }
}

/** What a request was, for the time until it is answered. */
export type Asked<Purpose> =
  | { readonly _tag: "Register"; readonly own: OwnCard; readonly purpose: Purpose }
  /** `page` is the server's last one, which the local network completes. */
  | { readonly _tag: "List"; readonly isFirst: boolean; readonly page: Listed | undefined; readonly purpose: Purpose }
  | { readonly _tag: "Query"; readonly nick: string; readonly purpose: Purpose }
  | { readonly _tag: "Simple"; readonly purpose: Purpose }

export interface Listed {
  readonly _tag: "Listed"
  readonly entries: ReadonlyArray<PeerInfo>
  /** Where the next page begins; none after the last one. */
  readonly next: string | undefined
}

export type Answer =
  | { readonly _tag: "Registered"; readonly nick: string; readonly observed: string }
  | Listed
  | { readonly _tag: "Introduced"; readonly introduction: OfferedIntroduction }
  /** Who is here of the nicknames that were to be watched; a server that does not know these watches everybody. */
  | { readonly _tag: "Watching"; readonly here: typeof Control.Watching.Type.here }
  | { readonly _tag: "Refused"; readonly refusal: Control.Refusal }
  /** Nobody of that name is on the local network, as `message` tells people. */
  | { readonly _tag: "Nobody"; readonly message: string }
  | { readonly _tag: "Done" }
  /** The server cannot be reached, or took too long. */
  | { readonly _tag: "Unanswered" }

export type RendezvousEvent<Purpose> =
  /** Requests may be made. A local network alone has no address (`remote`), no reflector, and nothing to prove. */
  | {
      readonly _tag: "Ready"
      readonly remote: Endpoint.Endpoint | undefined
      /** Its UDP ports, as `ServerPorts` reads them. */
      readonly ports: Pick<typeof Control.Welcome.Type, "udp" | "udpAt">
      /** Whether packets are carried between any two. */
      readonly relay: boolean
      /** What the relay takes of us on each channel, where the server tells. */
      readonly relayRate: Rate | undefined
      /** What a registration is signed for. */
      readonly occasion: Occasion
      readonly greeting: string | undefined
      /** ms since 1970 UTC by the server's clock, where it tells. */
      readonly serverNow: number | undefined
    }
  | { readonly _tag: "Answered"; readonly purpose: Purpose; readonly answer: Answer }
  /** The link to the server is gone; told before the requests that it leaves unanswered. */
  | { readonly _tag: "Down" }
  | { readonly _tag: "Lost"; readonly message: string; readonly retryInMs: number }
  | ({ readonly _tag: "Incoming" } & OfferedIntroduction)
  | ({ readonly _tag: "Joined" | "Left" | "Changed" } & PeerInfo)
  | Extract<PushedEvent, { readonly _tag: "Roster" | "Presence" | "Replaced" | "Refused" | "Relay" }>

const pageOf = (asked: Asked<unknown>): Listed | undefined => (asked._tag === "List" ? asked.page : undefined)

/** A local network alone has nobody to prove anything to. */
const NO_OCCASION: Occasion = { challenge: new Uint8Array() }

const DONE: Answer = { _tag: "Done" }

const answerOf = (reply: Control.Reply | undefined): Answer => {
  if (reply === undefined) return { _tag: "Unanswered" }
  if (isRefusal(reply)) return { _tag: "Refused", refusal: reply }
  switch (reply._tag) {
    case "Registered":
      return { _tag: "Registered", nick: reply.nick, observed: reply.observed }
    case "Clients":
      return { _tag: "Listed", entries: reply.clients, next: reply.next }
    case "Peer":
      return { _tag: "Introduced", introduction: reply }
    case "Watching":
      return { _tag: "Watching", here: reply.here }
    default:
      return DONE
  }
}
