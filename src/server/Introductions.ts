import type { Channel, Channels } from "../core/rendezvous/Channels.js"
import { halfOf, joined, type RelayOffer, shownOf } from "../core/rendezvous/Introduction.js"
import * as Nickname from "../domain/Nickname.js"
import type { Registration, SessionId } from "../domain/Registration.js"
import * as Bytes from "../protocol/Bytes.js"
import { encodeIncoming, type RefusalBody } from "../protocol/ControlCodec.js"
import type { Time } from "../services/Time.js"
import { type Cluster, type IntroductionResult, tooMany } from "./Cluster.js"
import type { Answer, PeopleQuestion } from "./Mesh.js"

export interface IntroductionsOptions {
  readonly channels: Channels
  /** Where this is one of several nodes. */
  readonly cluster: Cluster | undefined
  /** Whether packets are carried between any two of this node. */
  readonly relay: RelayOffer
  readonly time: Time
  readonly ofSession: (session: SessionId) => Party | undefined
  /** By the number that channels know it by. */
  readonly atEnd: (end: number) => Party | undefined
}

/** A session, as somebody who is introduced. */
export interface Party {
  readonly registration: Registration | undefined
  /** What channels know it by. */
  readonly channelEnd: number
  /** ms until it may be told that somebody of this nickname asks for it. */
  readonly waitForIncoming: (askerKey: string, now: number) => number
  readonly push: (line: string) => void
}

/** Makes sessions known to each other: those of this node at once, those of others by asking their node. */
export class Introductions {
  readonly #options: IntroductionsOptions

  constructor(options: IntroductionsOptions) {
    this.#options = options
  }

  /** Introduces the two to each other: tells the asked one, and gives what the asker is to be told of it. */
  introduce(asker: Party, asked: Registration, done: (result: IntroductionResult) => void): void {
    const { cluster, ofSession, relay } = this.#options
    const own = asker.registration
    const other = ofSession(asked.session)
    if (own === undefined) done(NOT_REGISTERED)
    else if (other === asker) done({ _tag: "NotAccepting", message: "that is your own nickname" })
    else if (other !== undefined) {
      const told = this.#tell(other, asker.channelEnd, own.nickname.key, (channel) => halfOf(own, channel, relay))
      done("left" in told ? { half: halfOf(asked, told.left, relay) } : told)
    } else if (cluster === undefined) done(NO_SUCH_PEER)
    else if (!cluster.isElsewhere(asked.session)) done("Stale")
    else cluster.introduce({ registration: own, end: asker.channelEnd }, asked, done)
  }

  /**
   * Tells the other side of the channel where this session may be reached, as if it had asked; gives the refusal, if it
   * cannot.
   */
  tell(
    teller: Party,
    channel: string,
    endpoints: ReadonlyArray<string>,
    done: (refusal: RefusalBody | undefined) => void
  ): void {
    const { atEnd, channels, cluster, relay } = this.#options
    const own = teller.registration
    const name = Bytes.fromBase64Url(channel)
    const ends = name && channels.pairOf(name)
    const end = ends?.includes(teller.channelEnd) === true ? ends.find((one) => one !== teller.channelEnd) : undefined
    if (own === undefined || end === undefined) {
      done(NO_SUCH_PEER)
      return
    }
    // Whoever is private is so to everybody.
    const shown = own.address === "" ? own : { ...own, endpoints }
    const other = atEnd(end)
    if (other?.registration !== undefined) {
      const told = this.#tell(other, teller.channelEnd, own.nickname.key, (channel) => halfOf(shown, channel, relay))
      done("left" in told ? undefined : told)
    } else if (cluster === undefined) done(NO_SUCH_PEER)
    else {
      cluster.tell({ registration: shown, end: teller.channelEnd }, end, (result) => {
        done(result === "Stale" ? NO_SUCH_PEER : "half" in result ? undefined : result)
      })
    }
  }

  /** What another node asks of one of our sessions. */
  answer(question: PeopleQuestion): Answer {
    const { atEnd, cluster, ofSession } = this.#options
    const { from, half } = question
    const isTell = question._tag === "Tell"
    const other = isTell ? atEnd(question.to) : ofSession(question.session)
    const own = other?.registration
    if (other === undefined || own === undefined) return { _tag: "NotHere" }
    if (!isTell && own.epoch !== question.epoch) return { _tag: "NotHere" }
    const told = this.#tell(other, from, Nickname.key(half.nick), (channel) =>
      joined(half, channel, cluster?.offer(channel.channel, other.channelEnd, { end: from, at: question.relay ?? [] }))
    )
    if ("left" in told)
      return { _tag: "Introduced", end: other.channelEnd, half: shownOf(own), relay: cluster?.relayAt }
    return { _tag: "Wait", retryAfterMs: "retryAfterMs" in told ? told.retryAfterMs : 0 }
  }

  /** Tells a session of ours of somebody who asks for it; gives the asker's side of their channel. */
  #tell(
    other: Party,
    from: number,
    askerKey: string,
    halfFor: (channel: Channel) => string
  ): { readonly left: Channel } | RefusalBody {
    const wait = other.waitForIncoming(askerKey, this.#options.time.monotonic())
    if (wait > 0) return tooMany(wait)
    const { left, right } = this.#options.channels.between(from, other.channelEnd)
    other.push(encodeIncoming(halfFor(right)))
    return { left }
  }
}

export const NO_SUCH_PEER: RefusalBody = { _tag: "NoSuchPeer", message: "nobody here has that nickname" }

const NOT_REGISTERED: RefusalBody = { _tag: "NotRegistered", message: "register a nickname first" }
