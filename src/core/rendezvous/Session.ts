import * as Either from "effect/Either"
import type { ChannelId } from "../../domain/ChannelId.js"
import * as Nickname from "../../domain/Nickname.js"
import * as Bytes from "../../protocol/Bytes.js"
import type { Mood, Refusal, Register, Relay, Request } from "../../protocol/Control.js"
import { decodeRequest, encodeMessage, encodeRefusal, type RefusalBody } from "../../protocol/ControlCodec.js"
import { type Line, LineFraming } from "../../protocol/LineFraming.js"
import { type Rate, TokenBucket } from "../support/TokenBucket.js"
import * as Cost from "./Cost.js"
import type { PageRequest } from "./Directory.js"
import { type Outcome, replyTo } from "./Outcome.js"
import type { Holder } from "./Tokens.js"

/**
 * What one session at the server may do.
 *
 * @since 0.1.0
 */
export interface SessionLimits {
  /** Bytes of one line. */
  readonly line: number
  /** ms from the connection to the first successful `Register`. */
  readonly registerMs: number
  /** ms of silence; also what `Registered` promises as the lease. */
  readonly idleMs: number
  /** Lines that could not be decoded, all told. */
  readonly malformed: number
  /** What requests of any kind may cost (`Cost`). Beyond this the session is read more slowly; nothing is refused. */
  readonly work: Rate
  /** The same before the first `Register` was granted. */
  readonly strangerWork: Rate
  /**
   * Beyond these the request is refused with `RateLimited`; a client that comes again before the time that it was told
   * is not read until then.
   */
  readonly registers: Rate
  readonly queries: Rate
  readonly lists: Rate
  readonly updates: Rate
}

/** What the session has left of what it shares with others from the same networks. */
export interface Allowance {
  /** ms until requests may be handled; 0 when they may. */
  readonly wait: (now: number) => number
  readonly charge: (now: number, cost: number) => void
}

export interface SessionOptions {
  readonly limits: SessionLimits
  /** The line that greets the client. */
  readonly welcome: string
  /** Address and port that the connection comes from. */
  readonly observed: string
  readonly token: string | undefined
  /** Whose a token is, where people have their own: one of them or `token` has to be shown. */
  readonly holderOf?: ((token: string) => Holder | undefined) | undefined
  readonly allowance: Allowance
  /** Called when a client shows a wrong token, or none where it needs one. */
  readonly onBadToken?: () => void
  /** Called with the answer to each request that is refused. */
  readonly onRefused?: (code: Refusal["_tag"]) => void
}

/**
 * What the driver is to do: `Relay` at once and without an answer, the others with an outcome that comes back through
 * `complete`.
 */
export type Command = RegistryCommand | typeof Relay.Type

export type RegistryCommand =
  | { readonly _tag: "Register"; readonly request: typeof Register.Type; readonly nickname: Nickname.Nickname }
  | ({ readonly _tag: "List" } & PageRequest)
  /** Of everybody, or of these nicknames too. */
  | { readonly _tag: "Watch"; readonly nicks?: ReadonlyArray<string> }
  | { readonly _tag: "Unwatch"; readonly nicks?: ReadonlyArray<string> }
  | { readonly _tag: "Query"; readonly nick: string }
  | { readonly _tag: "Tell"; readonly channel: ChannelId; readonly endpoints: ReadonlyArray<string> }
  | { readonly _tag: "Update"; readonly endpoints: ReadonlyArray<string>; readonly private: boolean }

/**
 * Why a session ended by itself. After `exit` the nickname is free, otherwise it is held.
 *
 * @since 0.1.0
 */
export type Ending =
  | "exit"
  | "replaced"
  | "unregistered"
  | "idle"
  | "malformed"
  | "slow"
  | "evicted"
  | "restarting"
  | "kicked"

/**
 * One control connection as the server sees it (docs/protocol.md §1). Pure; `now` is monotonic ms.
 *
 * Life: `Welcome` waits in the output from the start. Bytes go in with `handleBytes`; `pollCommand` then reads line
 * after line, answers what it can, and stops at the first request that needs somebody else. Its driver runs that
 * command and gives the outcome to `complete`, and asks again. So requests are handled one at a time and in order,
 * however they were sent and however long the registry takes, and all replies to one read leave in one write
 * (`takeOutput`). While `wantsInput` is false the driver stops reading, and TCP slows the client down. The session ends
 * by itself (`ending`) after a final line.
 *
 * Everything costs: each line for its bytes, each request for its work, and more what is refused. A session that has
 * used up its own allowance, or the one of its networks, is not read for a while.
 */
export class Session {
  readonly #options: SessionOptions
  #framing: LineFraming
  /** Read, but not its turn yet. */
  #line: Line | undefined
  #output = ""
  /** The request that the driver is running for us. */
  #waiting: { readonly id: number } | undefined
  #registered = false
  #holder: Holder | undefined
  #ending: Ending | undefined
  #mood: typeof Mood.Type | undefined
  #malformed = 0
  #lastHeard: number
  #registerBy: number
  /** Not reading before this time; 0 when nothing was to be waited for. */
  #pausedUntil = 0
  /** The same where it is not lines that wait, but pieces of one that have come too fast. */
  #readFrom = 0
  #work: TokenBucket
  #spent = 0
  /** Of requests of a kind, once there was one. */
  readonly #kinds: { [Kind in LimitedKind]?: KindLimit } = {}

  constructor(options: SessionOptions, now: number) {
    const { limits, welcome } = options
    this.#options = options
    this.#framing = new LineFraming(limits.line)
    this.#lastHeard = now
    this.#registerBy = now + limits.registerMs
    this.#work = new TokenBucket(limits.strangerWork, now)
    this.#put(welcome)
  }

  handleBytes(chunk: Uint8Array, now: number): void {
    if (this.#ending !== undefined) return
    this.#lastHeard = now
    this.#framing.push(chunk)
    if (!chunk.includes(LF)) this.handleIdle(Cost.PIECE, now)
  }

  /** Something was read that is no line; beyond the allowance, nothing is read for a while. */
  handleIdle(cost: number, now: number): void {
    if (this.#ending !== undefined) return
    this.charge(cost, now)
    const pause = this.#pauseAt(now)
    if (pause > 0) this.#readFrom = now + pause
  }

  /** The next request for the driver, if the lines so far hold one and none is running. */
  pollCommand(now: number): Command | undefined {
    while (this.#ending === undefined && this.#waiting === undefined && now >= this.#pausedUntil) {
      if (this.#output.length >= MAX_OUTPUT) return undefined
      this.#line ??= this.#framing.next()
      if (this.#line === undefined) return undefined
      const pause = this.#pauseAt(now)
      if (pause > 0) {
        this.#pausedUntil = now + pause
        return undefined
      }
      const line = this.#line
      this.#line = undefined
      this.#lastHeard = now
      const command = this.#handleLine(line, now)
      if (command !== undefined) return command
    }
    return undefined
  }

  /** The answer to the command that `pollCommand` gave last. */
  complete(outcome: Outcome, now: number): void {
    if (this.#ending !== undefined || this.#waiting === undefined) return
    const { id } = this.#waiting
    this.#waiting = undefined
    if (outcome._tag === "Registered" && !this.#registered) {
      this.#registered = true
      this.#work = new TokenBucket(this.#options.limits.work, now)
    }
    if (outcome._tag === "Page") this.charge(Cost.pageCost(outcome.page.looked), now)
    if (outcome._tag === "Refused") {
      this.#options.onRefused?.(outcome.refusal._tag)
      this.charge(outcome.refusal._tag === "NickTaken" ? Cost.TAKEN : Cost.REFUSED, now)
    }
    this.#put(replyTo(id, outcome, this.#options.limits.idleMs, this.#options.observed))
  }

  /** An event for this client. */
  push(line: string): void {
    if (this.#ending === undefined) this.#put(line)
  }

  /** Ends the session with this line as its last one. */
  end(ending: Ending, line?: string): void {
    if (this.#ending !== undefined) return
    if (line !== undefined) this.#put(line)
    this.#ending = ending
    this.#waiting = undefined
  }

  /** The session has had this much more done for it. */
  charge(cost: number, now: number): void {
    this.#spent += cost
    this.#work.charge(now, cost)
    this.#options.allowance.charge(now, cost)
  }

  /** Whose token it has shown last, where that is somebody's own. */
  get holder(): Holder | undefined {
    return this.#holder
  }

  /** What everything together has cost so far. */
  get spent(): number {
    return this.#spent
  }

  /** Reads nothing until then: the client is not taking its replies. */
  pauseUntil(at: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, at)
  }

  handleTimeout(now: number): void {
    if (this.#ending !== undefined) return
    if (now >= this.#pausedUntil) this.#pausedUntil = 0
    if (now >= this.#readFrom) this.#readFrom = 0
    if (!this.#registered && now >= this.#registerBy) {
      this.end("unregistered", notice("no nickname was registered in time"))
    } else if (now >= this.#idleAt()) {
      this.end("idle", notice("nothing was heard from this client for too long"))
    }
  }

  pollTimeout(): number | undefined {
    if (this.#ending !== undefined) return undefined
    const registerBy = this.#registered ? Number.POSITIVE_INFINITY : this.#registerBy
    // Without a pause the lines wait for the driver's turn, and not for a time.
    const isPaused = this.#pausedUntil > 0 && this.#hasInput && this.#waiting === undefined
    const readAt = isPaused ? this.#pausedUntil : Number.POSITIVE_INFINITY
    const readFrom = this.#readFrom > 0 ? this.#readFrom : Number.POSITIVE_INFINITY
    const first = Math.min(registerBy, readAt, readFrom, this.#idleAt())
    return Number.isFinite(first) ? first : undefined
  }

  /** All that is to be sent now, or nothing. */
  takeOutput(): string | undefined {
    if (this.#output === "") return undefined
    const output = this.#output
    this.#output = ""
    return output
  }

  /** False while lines wait here that cannot be handled yet, or pieces of one have come too fast. */
  get wantsInput(): boolean {
    return this.#ending === undefined && this.#waiting === undefined && !this.#hasInput && this.#readFrom === 0
  }

  /**
   * Whether a little more may be read meanwhile, although lines wait here: they wait for an answer or for their turn,
   * which comes soon, and stopping a connection for that costs as much as a request.
   */
  mayReadAhead(now: number): boolean {
    return (
      this.#readFrom === 0 && this.#framing.unread <= READ_AHEAD && (this.#waiting !== undefined || this.canGoOn(now))
    )
  }

  /** Whether everything that was read is answered. */
  get isIdle(): boolean {
    return this.#waiting === undefined && !this.#hasInput
  }

  /** Whether there is something for `pollCommand` to read that it need not wait for. */
  canGoOn(now: number): boolean {
    return this.#ending === undefined && this.#waiting === undefined && this.#hasInput && now >= this.#pausedUntil
  }

  get registered(): boolean {
    return this.#registered
  }

  get ending(): Ending | undefined {
    return this.#ending
  }

  get mood(): typeof Mood.Type | undefined {
    return this.#mood
  }

  /** ms until there is an allowance again, its own and that of its networks; 0 while there is. */
  #pauseAt(now: number): number {
    const pause = Math.max(this.#work.wait(now), this.#options.allowance.wait(now))
    return pause > 0 ? Math.max(pause, MIN_PAUSE_MS) : 0
  }

  get #hasInput(): boolean {
    return this.#line !== undefined || this.#framing.pending
  }

  #handleLine(line: Line, now: number): Command | undefined {
    if (line._tag === "TooLarge") {
      this.charge(Cost.lineCost(this.#options.limits.line) + Cost.MALFORMED, now)
      const message = `a line must not be longer than ${this.#options.limits.line} bytes`
      this.#options.onRefused?.("TooLarge")
      this.end("malformed", encodeRefusal(undefined, { _tag: "TooLarge", message }))
      return undefined
    }
    if (line._tag === "Malformed") {
      this.#options.onRefused?.("Malformed")
      this.#put(encodeRefusal(undefined, { _tag: "Malformed", message: "cannot read this line: not UTF-8" }))
      this.#countMalformed(now)
      return undefined
    }
    const request = line.text === "" ? undefined : decodeRequest(line.text)
    const isRelay = request !== undefined && Either.isRight(request) && request.right._tag === "Relay"
    this.charge(isRelay ? Cost.RELAY_LINE : Cost.lineCost(line.text.length), now)
    // The return key in a terminal.
    if (request === undefined) return undefined
    if (Either.isRight(request)) return this.#handleRequest(request.right, now)
    this.#options.onRefused?.(request.left._tag)
    this.#put(encodeMessage(request.left))
    if (request.left._tag === "Malformed") this.#countMalformed(now)
    else this.charge(Cost.REFUSED, now)
    return undefined
  }

  #handleRequest(request: Request, now: number): Command | undefined {
    const cost = Cost.requestCost(request)
    if (cost > 0) this.charge(cost, now)
    switch (request._tag) {
      case "Ping":
        this.#put(encodeMessage({ _tag: "Pong", id: request.id }))
        return undefined
      case "Exit":
        this.#mood = request.mood
        this.end("exit", encodeMessage(request.id === undefined ? { _tag: "Bye" } : { _tag: "Bye", id: request.id }))
        return undefined
      case "Register":
        return this.#handleRegister(request, now)
      case "Relay":
        // Like a datagram that nobody expects, it is lost before there is a nickname.
        if (this.#registered) return request
        this.charge(Cost.RELAY_DROPPED, now)
        return undefined
    }
    if (!this.#registered)
      return this.#refuse(request.id, { _tag: "NotRegistered", message: "register a nickname first" }, now)
    switch (request._tag) {
      case "List": {
        const { match, after, limit } = request
        return this.#limited("lists", request.id, now, {
          _tag: "List",
          ...(match === undefined ? {} : { match }),
          ...(after === undefined ? {} : { after }),
          ...(limit === undefined ? {} : { limit })
        })
      }
      case "Query":
        return this.#limited("queries", request.id, now, { _tag: "Query", nick: request.nick })
      case "Tell": {
        const { channel, endpoints } = request
        return this.#limited("queries", request.id, now, { _tag: "Tell", channel, endpoints })
      }
      case "Update":
        return this.#limited("updates", request.id, now, {
          _tag: "Update",
          endpoints: request.endpoints,
          private: request.private === true
        })
      case "Watch":
      case "Unwatch": {
        const { _tag, nicks } = request
        return this.#run(request.id, nicks === undefined ? { _tag } : { _tag, nicks })
      }
    }
  }

  #handleRegister(request: typeof Register.Type, now: number): Command | undefined {
    const limit = this.#kind("registers", now)
    const wait = limit.bucket.take(now)
    if (wait > 0) return this.#refuseForNow(limit, request.id, wait, now)
    if (!this.#isToken(request.token)) {
      this.#options.onBadToken?.()
      const message =
        request.token === undefined
          ? "this server needs its access token, which its operator gives you: start again with --token TOKEN"
          : "this is not this server's access token: start again with the right one (--token TOKEN)"
      return this.#refuse(request.id, { _tag: "Unauthorized", message }, now)
    }
    const nickname = Nickname.parse(request.nick)
    if (Either.isLeft(nickname)) {
      const { left: reason } = nickname
      return this.#refuse(request.id, { _tag: "NickInvalid", message: `the nickname ${reason}`, reason }, now)
    }
    return this.#run(request.id, { _tag: "Register", request, nickname: nickname.right })
  }

  #isToken(shown: string | undefined): boolean {
    const { holderOf, token } = this.#options
    if (token === undefined && holderOf === undefined) return true
    this.#holder = holderOf?.(shown ?? "")
    if (this.#holder !== undefined) return true
    return token !== undefined && Bytes.equal(Bytes.fromText(shown ?? ""), Bytes.fromText(token))
  }

  #kind(kind: LimitedKind, now: number): KindLimit {
    this.#kinds[kind] ??= { bucket: new TokenBucket(this.#options.limits[kind], now), refusedUntil: 0 }
    return this.#kinds[kind]
  }

  #limited(kind: LimitedKind, id: number, now: number, command: RegistryCommand): Command | undefined {
    const limit = this.#kind(kind, now)
    const wait = limit.bucket.take(now)
    return wait > 0 ? this.#refuseForNow(limit, id, wait, now) : this.#run(id, command)
  }

  /** Whoever does not wait as long as he was told is not read until then. */
  #refuseForNow(limit: KindLimit, id: number, wait: number, now: number): undefined {
    if (now < limit.refusedUntil) this.pauseUntil(now + wait)
    limit.refusedUntil = now + wait
    this.#refuse(id, rateLimited(wait), now)
  }

  #run(id: number, command: RegistryCommand): Command {
    this.#waiting = { id }
    return command
  }

  #refuse(id: number, refusal: RefusalBody, now: number): undefined {
    this.#options.onRefused?.(refusal._tag)
    this.charge(Cost.REFUSED, now)
    this.#put(encodeRefusal(id, refusal))
  }

  #countMalformed(now: number): void {
    this.#malformed++
    this.charge(Cost.MALFORMED, now)
    if (this.#malformed >= this.#options.limits.malformed) {
      this.end(
        "malformed",
        encodeRefusal(undefined, { _tag: "Malformed", message: "too many lines that cannot be read" })
      )
    }
  }

  #put(line: string): void {
    this.#output += line
  }

  /** Nobody is silent whom we have not read to the end. */
  #idleAt(): number {
    if (this.#hasInput || this.#waiting !== undefined) return Number.POSITIVE_INFINITY
    return this.#lastHeard + this.#options.limits.idleMs
  }
}

/**
 * Replies collect up to here before they must be sent: a third of the send queue, so that the largest reply fits on
 * top.
 */
const MAX_OUTPUT = 32 * 1024

const LF = 10

/** Bytes that wait here without the connection being stopped: some requests, and little beside one read of a socket. */
const READ_AHEAD = 4096

/**
 * A session that has used up its allowance is not read for so long: enough that reading it costs next to nothing, and
 * little enough that nobody who waits for an answer minds.
 */
const MIN_PAUSE_MS = 250

type LimitedKind = "registers" | "queries" | "lists" | "updates"

/** Requests of one kind. */
interface KindLimit {
  readonly bucket: TokenBucket
  /** When the client may come again, as it was told last. */
  refusedUntil: number
}

const rateLimited = (wait: number): RefusalBody => ({
  _tag: "RateLimited",
  message: `too many requests of this kind; try again in ${Math.ceil(wait / 1000)} s`,
  retryAfterMs: wait
})

/** A final line: there is no other message of ours that says something in words. */
const notice = (message: string): string => encodeRefusal(undefined, { _tag: "NotRegistered", message })
