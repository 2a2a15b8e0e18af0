import * as Either from "effect/Either"
import * as Nickname from "../../domain/Nickname.js"
import type { Occasion } from "../../protocol/PeerRecord.js"
import type { CandidateGatherer } from "./CandidateGatherer.js"
import type { ClientContext } from "./ClientContext.js"
import type { RegisterError, ServerNotTrusted } from "./ClientError.js"
import { failed, nickInvalid, ofRefusal, profileFailed, takenByOurselves, unreachable } from "./ErrorTexts.js"
import type { Ticket } from "./Output.js"
import type { OwnProfile } from "./OwnRecord.js"
import type { PeerInfo } from "./PeerInfo.js"
import type { RegisterPurpose } from "./Purpose.js"
import type { Answer } from "./Rendezvous.js"

/**
 * Takes nicknames, and takes them back. The first registration fixes the identity: the profile of that nickname. After
 * an outage, and when the signed record grows old, the same nickname is registered again by itself.
 *
 * Life of a call: it waits for its turn, for its profile where there is none yet, and for the rendezvous to be ready,
 * however often the link breaks meanwhile; then it asks. When the first call of all is refused, the profile is let go
 * of before the call is answered, so that whoever tries again finds it free. When its answer was lost instead, the
 * server may have given the nickname to this identity for good: it stays, on disk too, and the next call for that
 * nickname goes on with it.
 */
export class Registration {
  /** Calls in order; each stands for somebody who waits. Only the first one is under way. */
  readonly #calls: Array<Call> = []
  /** Opened for the first call, and not ours yet. */
  #trial: Trial | undefined
  #occasion: Occasion = { challenge: new Uint8Array() }
  /** As last told. */
  #greeting: string | undefined
  /** When the nickname that we hold or want is asked for again. */
  #retryAt: number | undefined
  /** Somebody else has the nickname that was ours, and it was told. */
  #isTaken = false
  /** The server does not go by the name that we have dialled, and it was told. */
  #isAstray = false

  constructor(
    private readonly client: ClientContext,
    private readonly gatherer: CandidateGatherer,
    /** The server's access token, where it demands one. */
    private readonly token: string | undefined
  ) {}

  /** Whether there is a nickname to hold, or to get now that its profile is open. */
  get wanted(): boolean {
    const { own } = this.client
    const phase = this.#calls[0]?.phase
    return own.wanted !== undefined || phase === "asking" || (phase === "waiting" && this.profile !== undefined)
  }

  register(text: string, ticket: Ticket<PeerInfo, RegisterError>, now: number): void {
    const nick = Nickname.parse(text)
    if (Either.isLeft(nick)) {
      this.client.output.answer(ticket, nickInvalid(nick.left))
      return
    }
    this.#calls.push({ ticket, nick: nick.right, phase: "waiting", isCancelled: false })
    this.advance(now)
  }

  /** Nobody waits for this call any more. What the server was asked already it may grant: then the nickname is ours. */
  cancel(ticket: Ticket<PeerInfo, RegisterError>, now: number): void {
    const call = this.#calls.find((one) => one.ticket === ticket)
    if (call === undefined) return
    call.isCancelled = true
    if (call.phase === "waiting") this.#finish(call, undefined, now)
  }

  /** The profile that was wished for is open, and on disk. */
  profileOpened(profile: OwnProfile, now: number): void {
    const [call] = this.#calls
    if (call?.phase !== "opening") return
    this.#trial = { profile, nick: call.nick, mayBeKnown: false }
    call.phase = "waiting"
    if (call.isCancelled) this.#finish(call, undefined, now)
    else this.advance(now)
  }

  /** It cannot be used; `message` is for people. */
  profileFailed(message: string, now: number): void {
    const [call] = this.#calls
    if (call?.phase === "opening") this.#finish(call, profileFailed(message), now)
  }

  /** The profile that was let go of is free again. */
  profileDropped(now: number): void {
    const [call] = this.#calls
    if (call?.phase !== "dropping" && call?.phase !== "clearing") return
    this.#trial = undefined
    if (call.phase === "clearing" && !call.isCancelled) {
      call.phase = "waiting"
      this.advance(now)
    } else this.#end(call, now)
  }

  /** The rendezvous is ready: takes the wanted nickname back, before anything else is asked. */
  ready(occasion: Occasion, greeting: string | undefined, now: number): void {
    // What one server has refused, another one may grant.
    if (occasion.server !== this.#occasion.server) {
      this.#isTaken = false
      this.#isAstray = false
    }
    this.#occasion = occasion
    if (greeting !== undefined && greeting !== this.#greeting)
      this.client.output.tell({ _tag: "Greeting", text: greeting })
    this.#greeting = greeting
    this.#again(now)
    this.advance(now)
  }

  /** The server is not to be trusted: told to whoever waits to register, or else as an event. */
  distrusted(error: ServerNotTrusted, isRepeated: boolean, now: number): void {
    const [call] = this.#calls
    if (call?.phase === "waiting") this.#finish(call, error, now)
    else if (!isRepeated) this.client.output.tell(failed(error))
  }

  /** The link is gone, and the registration with it as far as we know. */
  lost(): void {
    this.client.own.registration = undefined
    this.#retryAt = undefined
  }

  /** Signs and registers a fresh record when ours is old. */
  renew(now: number): void {
    if (this.client.own.renewalDue(this.client.clock.latest(now))) this.#again(now)
  }

  /**
   * What the server has answered to `purpose`. Gives `Registered` when the nickname is ours now, or ours again, and the
   * error when the server does not let us in any more. The caller of a new registration is answered by `settle`.
   */
  handleAnswer(purpose: RegisterPurpose, answer: Answer, now: number): "Registered" | RegisterError | undefined {
    if (answer._tag === "Registered") {
      this.#adopt(purpose, answer, now)
      return "Registered"
    }
    if (!purpose.asked) return this.#handleRefusal(purpose, answer, now)
    const [call] = this.#calls
    if (call === undefined) return undefined
    if (answer._tag === "Refused") {
      const { refusal } = answer
      const isOurOwn = refusal._tag === "NickTaken" && !purpose.profile.persistent && this.#trial !== undefined
      const error = isOurOwn ? takenByOurselves(call.nick.text, refusal.suggestions) : ofRefusal(refusal)
      this.#finish(call, error, now)
      return undefined
    }
    if (this.#trial !== undefined) this.#trial.mayBeKnown = true
    if (this.client.rendezvous.ready) {
      this.#finish(call, unreachable("the server did not answer in time; try again"), now)
    } else {
      // Lost with the link: it is asked again over the next one.
      call.phase = "waiting"
      if (call.isCancelled) this.#finish(call, undefined, now)
    }
    return undefined
  }

  /** Answers the call that has led to a registration, once all that follows from it has been seen to. */
  settle(purpose: RegisterPurpose, now: number): void {
    if (!purpose.asked) return
    const [call] = this.#calls
    const { output, own } = this.client
    const isFirst = this.#trial !== undefined
    this.#trial = undefined
    if (call !== undefined) this.#finish(call, own.registration, now)
    if (!isFirst || purpose.profile.persistent) return
    const message = `${purpose.profile.location} is in use by another parley: this time you have a passing identity, and nothing is kept`
    output.tell({ _tag: "Failed", code: "ProfileInUse", message })
  }

  handleTimeout(now: number): void {
    if (this.#retryAt === undefined || now < this.#retryAt) return
    // A call of the user for another nickname is not to be overtaken by our own for the old one.
    const isAsking = this.#calls[0]?.phase === "asking"
    this.#retryAt = isAsking ? now + RETRY : undefined
    if (!isAsking) this.#again(now)
  }

  pollTimeout(): number | undefined {
    return this.#retryAt
  }

  /** Goes on with the first call as far as it is possible now. */
  advance(now: number): void {
    const [call] = this.#calls
    if (call?.phase !== "waiting") return
    const profile = this.profile
    if (this.#trial !== undefined && this.#trial.nick.key !== call.nick.key) {
      call.phase = "clearing"
      this.#dropTrial(this.#trial)
    } else if (profile === undefined) {
      call.phase = "opening"
      this.client.output.wish({ _tag: "OpenProfile", nick: call.nick })
    } else if (this.client.rendezvous.ready) {
      call.phase = "asking"
      this.#send(profile, call.nick, true, now)
    }
  }

  /** The one that is ours, or that the first call was given. */
  get profile(): OwnProfile | undefined {
    return this.client.own.profile ?? this.#trial?.profile
  }

  #send(profile: OwnProfile, nick: Nickname.Nickname, asked: boolean, now: number): void {
    const { clock, own, rendezvous } = this.client
    const endpoints = this.gatherer.forRegistration()
    const { isPrivate } = this.gatherer
    const wallNow = clock.latest(now)
    const signing = { profile, nick, occasion: this.#occasion, endpoints, isPrivate, token: this.token, wallNow }
    const { body, record } = own.sign(signing)
    const card = {
      signKeys: profile.identity.signKeys,
      record,
      nick: nick.text,
      address: this.gatherer.lanAddress,
      fingerprint: own.fingerprintOf(profile)
    }
    rendezvous.register(body, card, { _tag: "Register", asked, profile, nick, record }, now)
  }

  #adopt(
    { nick, profile, record }: RegisterPurpose,
    answer: Answer & { readonly _tag: "Registered" },
    now: number
  ): void {
    const { output, own, rendezvous } = this.client
    const isNews = own.registration?.nick !== answer.nick
    this.#isTaken = false
    this.#isAstray = false
    this.#retryAt = undefined
    if (own.wanted !== undefined && own.wanted.key !== nick.key) output.wish({ _tag: "NameProfile", nick })
    own.profile = profile
    own.wanted = nick
    own.record = record
    own.registration = { nick: answer.nick, address: answer.observed, fingerprint: own.fingerprintOf(profile) }
    rendezvous.settled(now)
    if (isNews) output.tell({ _tag: "Registered", ...own.registration })
  }

  #again(now: number): void {
    const { own, rendezvous } = this.client
    if (own.profile !== undefined && own.wanted !== undefined && rendezvous.ready)
      this.#send(own.profile, own.wanted, false, now)
  }

  /** The nickname could not be taken back. */
  #handleRefusal({ nick }: RegisterPurpose, answer: Answer, now: number): RegisterError | undefined {
    const { output } = this.client
    if (answer._tag !== "Refused") {
      // Lost with the link, or a server that is slow: it is tried again either way.
      this.#retryAt = now + RETRY
      return undefined
    }
    const { refusal } = answer
    switch (refusal._tag) {
      case "Busy":
        this.#retryAt = now + RETRY
        return undefined
      case "RateLimited":
        this.#retryAt = now + Math.max(refusal.retryAfterMs, RETRY)
        return undefined
      case "Unauthorized":
        return ofRefusal(refusal)
      case "NotThisServer":
        // Until its operator has given the server our name for it, or we reach the server that we meant.
        if (!this.#isAstray) output.tell(failed(ofRefusal(refusal)))
        this.#isAstray = true
        this.client.own.registration = undefined
        this.#retryAt = now + RETRY_ASTRAY
        return undefined
      case "NickTaken":
        // It was ours: whoever has it may leave, and then it is ours again, unless the user takes another meanwhile.
        if (!this.#isTaken) output.tell({ _tag: "NickTaken", nick: nick.text, suggestions: refusal.suggestions })
        this.#isTaken = true
        this.client.own.registration = undefined
        this.#retryAt = now + RETRY_TAKEN
        return undefined
      default:
        this.#giveUp()
        output.tell(failed(ofRefusal(refusal)))
        return undefined
    }
  }

  #giveUp(): void {
    this.client.own.wanted = undefined
    this.client.own.registration = undefined
  }

  /** The call has its result; none where nobody waits for it. */
  #finish(call: Call, result: PeerInfo | RegisterError | undefined, now: number): void {
    call.result = result
    if (this.#trial === undefined || this.#trial.mayBeKnown || call !== this.#calls[0]) {
      this.#end(call, now)
      return
    }
    call.phase = "dropping"
    this.#dropTrial(this.#trial)
  }

  #dropTrial({ mayBeKnown }: Trial): void {
    this.client.output.wish({ _tag: "DropProfile", mayBeKnown })
  }

  #end(call: Call, now: number): void {
    this.#calls.splice(this.#calls.indexOf(call), 1)
    if (!call.isCancelled && call.result !== undefined) this.client.output.answer(call.ticket, call.result)
    this.advance(now)
  }
}

interface Trial {
  readonly profile: OwnProfile
  readonly nick: Nickname.Nickname
  /** The server was asked for the nickname with it, and the answer was lost. */
  mayBeKnown: boolean
}

interface Call {
  readonly ticket: Ticket<PeerInfo, RegisterError>
  readonly nick: Nickname.Nickname
  /**
   * What it waits for: its turn, profile or the rendezvous; that the profile of another nickname is let go of; the
   * profile; the answer; that its profile is let go of.
   */
  phase: "waiting" | "clearing" | "opening" | "asking" | "dropping"
  isCancelled: boolean
  result?: PeerInfo | RegisterError | undefined
}

/** Milliseconds before a registration is tried again over the same link. */
const RETRY = 1_000
/** The same while somebody else has the nickname, which a server holds for a minute after they are gone. */
const RETRY_TAKEN = 5_000
/** The same while the server says that it is another one: that takes somebody who does something about it. */
const RETRY_ASTRAY = 30_000
