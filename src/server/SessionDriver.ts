import * as Either from "effect/Either"
import * as Cost from "../core/rendezvous/Cost.js"
import type { Directory } from "../core/rendezvous/Directory.js"
import type { Source } from "../core/rendezvous/Networks.js"
import type { Outcome } from "../core/rendezvous/Outcome.js"
import * as Proof from "../core/rendezvous/Proof.js"
import type { RefusalReason } from "../core/rendezvous/RefusalLog.js"
import type { ServerNames } from "../core/rendezvous/ServerNames.js"
import type { Ending, RegistryCommand, Session } from "../core/rendezvous/Session.js"
import type { Holder } from "../core/rendezvous/Tokens.js"
import type { Timed } from "../core/support/DeadlineWheel.js"
import { TokenBucket } from "../core/support/TokenBucket.js"
import type { Crypto } from "../domain/Crypto.js"
import * as Endpoint from "../domain/Endpoint.js"
import * as Fingerprint from "../domain/Fingerprint.js"
import * as Nickname from "../domain/Nickname.js"
import type { Registration, SessionId, VerifiedIdentity, Whereabouts } from "../domain/Registration.js"
import * as Bytes from "../protocol/Bytes.js"
import { MAX_WATCHED, type Register } from "../protocol/Control.js"
import { encodeRefusal, type RefusalBody } from "../protocol/ControlCodec.js"
import type { Connection, ConnectionHandler } from "../services/Connection.js"
import type { ClaimAnswer, Registry } from "../services/Registry.js"
import type { Time } from "../services/Time.js"
import type { Announcer, Watcher } from "./Announcer.js"
import type { Counters } from "./Counters.js"
import { type Introductions, NO_SUCH_PEER } from "./Introductions.js"
import type { Proofs } from "./Proofs.js"
import type { ServerOptions } from "./ServerOptions.js"
import type { Turns } from "./Turns.js"

/** What the drivers of one server share, as they see it. */
export interface SessionHub {
  readonly registry: typeof Registry.Service
  readonly crypto: Crypto
  readonly proofs: Proofs
  readonly time: Time
  readonly settings: ServerOptions
  readonly announcer: Announcer
  readonly counters: Counters
  readonly directory: Directory
  readonly names: ServerNames
  readonly introductions: Introductions
  /** Carries a packet to the other side of the channel; whether it could be. */
  readonly relayLine: (from: number, channel: string, packet: string) => boolean
  /** The refusal of the operator, if this one or the nickname is not let in. */
  readonly closedTo: (
    driver: SessionDriver,
    nickname: Nickname.Nickname,
    fingerprint: string | undefined
  ) => RefusalBody | undefined
  /** Whether there is a place for this session, as an identity (its key) or not. */
  readonly admit: (driver: SessionDriver, identity: string | undefined) => boolean
  /** The session has this registration from now on. */
  readonly registered: (driver: SessionDriver, registration: Registration) => void
  /** For the log. `name`: what the operator would have to add to the server's names. */
  readonly refused: (driver: SessionDriver, reason: RefusalReason, name?: string) => void
  readonly turns: Turns
  /** The driver's deadline may have become earlier. */
  readonly schedule: (driver: SessionDriver) => void
  /** Called once, when the session is over; the connection may still be sending. */
  readonly ended: (driver: SessionDriver, ending: Ending | "lost") => void
}

export interface SessionDriverOptions {
  readonly id: SessionId
  /** Of the connection, among those of this server. */
  readonly number: number
  readonly connection: Connection
  readonly session: Session
  readonly challenge: Uint8Array
  readonly source: Source
  readonly hub: SessionHub
}

/**
 * Runs one `Session` on one connection: feeds what arrives, carries out the commands, writes what comes out. Everything
 * happens inside the callbacks of the connection, the wheel and the registry; no fiber, scope or timer belongs to a
 * session. It handles a few requests at a time, and then lets others go first if they wait.
 */
export class SessionDriver implements ConnectionHandler, Timed, Watcher {
  readonly id: SessionId
  /** Of the connection, in the order of arrival. */
  readonly number: number
  /** What channels know this session by: the number of its connection, and another one with each new identity. */
  channelEnd: number
  readonly connection: Connection
  readonly source: Source
  /** Monotonic ms. */
  readonly startedAt: number
  /** The nickname of this session, once it has one. */
  registration: Registration | undefined
  /** The hub's own note: among the clients at its address. */
  isCounted = false
  readonly #session: Session
  readonly #challenge: Uint8Array
  readonly #hub: SessionHub
  readonly #incoming: TokenBucket
  #reading = true
  /** The client has ended its side, and gets the answers that it waits for. */
  #inputOver = false
  #driving = false
  #over = false
  #gone = false

  constructor({ challenge, connection, hub, id, number, session, source }: SessionDriverOptions, now: number) {
    this.id = id
    this.number = number
    this.channelEnd = number
    this.connection = connection
    this.source = source
    this.startedAt = now
    this.#session = session
    this.#challenge = challenge
    this.#hub = hub
    this.#incoming = new TokenBucket(hub.settings.incoming, now)
  }

  /** Whose token it came with, where that is somebody's own. */
  get holder(): Holder | undefined {
    return this.#session.holder
  }

  onData(data: Uint8Array): void {
    this.#session.handleBytes(data, this.#hub.time.monotonic())
    this.drive()
  }

  onHello(goOn: () => void): void {
    this.#hub.turns.take(this.source, () => {
      this.#session.charge(Cost.TLS, this.#hub.time.monotonic())
      this.#hub.turns.spent(Cost.TLS)
      goOn()
    })
  }

  onIdleRecords(count: number): void {
    const cost = count * Cost.IDLE_RECORD
    this.#session.handleIdle(cost, this.#hub.time.monotonic())
    this.#hub.turns.spent(cost)
    this.drive()
  }

  onEnd(): void {
    this.#inputOver = true
    this.drive()
  }

  onClose(): void {
    this.#gone = true
    this.#finish("lost")
  }

  handleTimeout(now: number): void {
    this.#session.handleTimeout(now)
    this.drive()
  }

  pollTimeout(): number | undefined {
    return this.#over ? undefined : this.#session.pollTimeout()
  }

  /** An event for this client alone. */
  push(line: string): void {
    this.#session.push(line)
    this.drive()
  }

  /** A packet from the other side of a channel; `false` when this client is too far behind to take it. */
  deliver(line: string): boolean {
    if (this.#over || this.connection.queued() > this.#hub.settings.sendQueue / 2) return false
    this.push(line)
    return true
  }

  /** A client that is behind misses presence events rather than what was asked for. */
  sendPresence(lines: Uint8Array): boolean {
    if (this.#over || this.connection.queued() > this.#hub.settings.sendQueue / 4) return false
    return this.connection.send(lines)
  }

  /**
   * ms until this client may be told that somebody asks for it; 0 now. Those whom it knows are not held up by
   * strangers, and nobody's curiosity can make a slow reader of it.
   */
  waitForIncoming(askerKey: string, now: number): number {
    if (this.connection.queued() > this.#hub.settings.sendQueue / 2) return BEHIND_MS
    return this.#hub.announcer.watches(this, askerKey) ? 0 : this.#incoming.take(now)
  }

  /** Ends the session from outside, with this as its last line. */
  end(ending: Ending, line: string): void {
    this.#session.end(ending, line)
    this.drive()
  }

  /** Handles what can be handled now, unless others come first. Whatever changes the session calls this afterwards. */
  drive(): void {
    // A command may come back here through the registry's events; `work` sees what it left.
    if (this.#driving || this.#over) return
    if (this.#mustWait()) this.#settle()
    else this.work()
  }

  /** Handles requests, a few at a time as long as nobody else waits, and sends what there is to say. */
  work(): void {
    if (this.#driving || this.#over) return
    this.#driving = true
    do {
      this.#handleSome()
      this.#flush()
    } while (this.#session.canGoOn(this.#hub.time.monotonic()) && !this.#mustWait())
    this.#driving = false
    this.#settle()
  }

  /** Whether there are requests that have queued behind those of others. */
  #mustWait(): boolean {
    return this.#session.canGoOn(this.#hub.time.monotonic()) && !this.#hub.turns.mayGoOn(this.source, this)
  }

  #handleSome(): void {
    const from = this.#session.spent
    while (this.#session.spent - from < SLICE) {
      const now = this.#hub.time.monotonic()
      const command = this.#session.pollCommand(now)
      if (command === undefined) break
      if (command._tag !== "Relay") this.#run(command)
      else if (!this.#hub.relayLine(this.channelEnd, command.channel, command.packet)) {
        this.#session.charge(Cost.RELAY_DROPPED, now)
      }
    }
    this.#hub.turns.spent(this.#session.spent - from)
  }

  /** Leaves everything as it has to be until the next call. */
  #settle(): void {
    this.#flush()
    if (this.#over) return
    if (this.#session.ending !== undefined) this.#finish(this.#session.ending)
    else if (this.#inputOver && this.#session.isIdle) this.#finish("lost")
    else {
      this.#readOrPause()
      this.#hub.schedule(this)
    }
  }

  /** Carries the command out; the session waits for the outcome, and so does its peer. */
  #run(command: RegistryCommand): void {
    const { directory, registry } = this.#hub
    this.#hub.counters.requests++
    switch (command._tag) {
      case "Register":
        this.#register(command)
        break
      case "List":
        this.#complete({ _tag: "Page", page: directory.page(command) })
        break
      case "Watch":
        this.#watch(command.nicks)
        break
      case "Unwatch":
        this.#unwatch(command.nicks)
        break
      case "Query":
        this.#hub.counters.queries++
        this.#query(Nickname.key(command.nick))
        break
      case "Tell": {
        const { endpoints } = this.#shown(command.endpoints, false)
        this.#hub.introductions.tell(this, command.channel, endpoints, (refusal) =>
          this.#complete(refusal === undefined ? { _tag: "Updated" } : { _tag: "Refused", refusal })
        )
        break
      }
      case "Update":
        registry.update(this.id, this.#shown(command.endpoints, command.private))
        this.#complete({ _tag: "Updated" })
    }
  }

  #watch(nicks: ReadonlyArray<string> | undefined): void {
    const { announcer, directory } = this.#hub
    const { version } = directory
    if (nicks === undefined) {
      announcer.watchAll(this)
      this.#complete({ _tag: "Watching", version })
      return
    }
    const here = announcer.watch(this, nicks.map(watchedKey))
    if (here === undefined) this.#refuse(TOO_MANY_WATCHED)
    else this.#complete({ _tag: "Watching", version, here })
  }

  #unwatch(nicks: ReadonlyArray<string> | undefined): void {
    if (nicks === undefined) this.#hub.announcer.unwatchAll(this)
    else this.#hub.announcer.unwatch(this, nicks.map(watchedKey))
    this.#complete({ _tag: "Unwatched" })
  }

  #register({ request, nickname }: Extract<RegistryCommand, { _tag: "Register" }>): void {
    const { crypto, proofs } = this.#hub
    // Bound to this very connection, a proof needs no name: whoever is in between has two.
    const exporter = this.connection.tls?.exporter()
    const isNamed = request.server !== undefined && exporter === undefined
    const stranger = isNamed ? this.#strangeName(request.server) : undefined
    if (stranger !== undefined) {
      this.#refuse(stranger)
      return
    }
    const claim = Proof.read(crypto, request, nickname, { challenge: this.#challenge, exporter })
    if (Either.isLeft(claim)) this.#refuse(claim.left)
    else if (claim.right === undefined) this.#claim(request, nickname, undefined)
    else {
      const { checks, identity } = claim.right
      proofs.verify(this.source, {
        checks,
        isWanted: () => !this.#over,
        done: (good) => {
          if (good) this.#claim(request, nickname, identity)
          else {
            this.#hub.refused(this, "proof")
            this.#refuse(Proof.BAD_SIGNATURE)
          }
        }
      })
    }
  }

  /** The refusal of a proof that is for this server, if that is not this one. */
  #strangeName(server: string): RefusalBody | undefined {
    const { names } = this.#hub
    if (names.includes(server, this.connection)) return undefined
    const missing = names.missing(server, this.connection)
    this.#hub.refused(this, "server", missing)
    return notThisServer(missing === undefined ? undefined : { name: server, missing })
  }

  #claim(request: typeof Register.Type, nickname: Nickname.Nickname, identity: VerifiedIdentity | undefined): void {
    const closed = this.#hub.closedTo(this, nickname, identity?.fingerprint)
    if (closed !== undefined) {
      this.#refuse(closed)
      return
    }
    if (!this.#hub.admit(this, identity?.key)) {
      this.#refuse(FULL)
      return
    }
    const { resume } = request
    const { address, endpoints } = this.#shown(request.endpoints, request.private === true)
    this.#hub.registry.claim({ session: this.id, nickname, address, endpoints, identity, resume }, (answer) =>
      this.#claimed(answer)
    )
  }

  /** What others may learn of where this client is: nothing, if it does not wish so. */
  #shown(endpoints: ReadonlyArray<string>, isPrivate: boolean): Whereabouts {
    if (isPrivate) return NOWHERE
    const { remote } = this.connection
    const isSameHost = Endpoint.scope(remote) === "loopback"
    const usable = endpoints.filter((text) => {
      const endpoint = Endpoint.parse(text)
      return endpoint !== undefined && Endpoint.isCandidate(endpoint, isSameHost)
    })
    return { address: Endpoint.format(remote), endpoints: usable }
  }

  #claimed(answer: ClaimAnswer): void {
    if (this.#over) {
      // Claimed for a client that has left meanwhile.
      if (answer._tag === "Claimed") this.#hub.registry.release(this.id, true)
    } else if (answer._tag === "Claimed") {
      const { nickname, resume } = answer.registration
      this.#hub.counters.registrations++
      this.#hub.registered(this, answer.registration)
      this.#complete({ _tag: "Registered", nick: nickname.text, resume })
    } else this.#refuse(answer._tag === "Refused" ? answer.refusal : UNAVAILABLE)
  }

  #query(key: string): void {
    const { directory, registry } = this.#hub
    // Whoever is cut off from the names does not know who has them.
    const known = registry.reachable() ? directory.get(key) : undefined
    if (known !== undefined) this.#introduce(known)
    else this.#find(key)
  }

  /** `isAgain`: what was known was out of date, and what is found now is the last word. */
  #find(key: string, isAgain = false): void {
    this.#hub.registry.find(key, (answer) => {
      if (answer._tag === "Found") this.#introduce(answer.registration, isAgain)
      else this.#refuse(answer._tag === "Nobody" ? NO_SUCH_PEER : UNAVAILABLE)
    })
  }

  #introduce(asked: Registration, isAgain = false): void {
    this.#hub.introductions.introduce(this, asked, (result) => {
      if (result === "Stale" && !isAgain) this.#find(asked.nickname.key, true)
      else if (result === "Stale") this.#refuse(NO_SUCH_PEER)
      else if ("half" in result) this.#complete({ _tag: "Introduced", half: result.half })
      else this.#refuse(result)
    })
  }

  #refuse(refusal: RefusalBody): void {
    this.#complete({ _tag: "Refused", refusal })
  }

  #complete(outcome: Outcome): void {
    if (this.#over) return
    this.#session.complete(outcome, this.#hub.time.monotonic())
    this.drive()
  }

  /** Sends what the session has to say. */
  #flush(): void {
    const output = this.#over ? undefined : this.#session.takeOutput()
    if (output === undefined || !this.#send(output)) return
    // The replies are not taken as fast as the requests come: wait a little before making more of them.
    if (this.connection.queued() > this.#hub.settings.sendQueue / 4) {
      this.#session.pauseUntil(this.#hub.time.monotonic() + PAUSE_MS)
    }
  }

  #send(text: string): boolean {
    const room = this.#hub.settings.sendQueue - FINAL_ROOM - this.connection.queued()
    const fits = MAX_UTF8 * text.length <= room || Bytes.fromText(text).length <= room
    if (fits && this.connection.send(text)) return true
    this.#session.end("slow")
    this.connection.send(SLOW)
    this.#finish("slow")
    return false
  }

  #readOrPause(): void {
    const wanted = this.#session.wantsInput || this.#session.mayReadAhead(this.#hub.time.monotonic())
    if (wanted === this.#reading) return
    this.#reading = wanted
    if (this.#reading) this.connection.resume()
    else this.connection.pause()
  }

  #finish(ending: Ending | "lost"): void {
    if (this.#over) return
    this.#over = true
    const hub = this.#hub
    // Where everybody goes at once, nobody is told of anybody.
    if (ending !== "restarting") hub.announcer.remove(this)
    if (this.#session.mood !== undefined) hub.counters.moods[this.#session.mood]++
    this.registration = undefined
    hub.ended(this, ending)
    hub.turns.spent(Cost.END)
    if (!this.#gone) this.connection.end()
  }
}

/** No nickname has thirty digits, so these are a fingerprint. */
const watchedKey = (text: string): string => Fingerprint.parse(text) ?? Nickname.key(text)

/** How long to wait for a client that does not take its replies: a round trip or two. */
const PAUSE_MS = 50

/** Bytes of a UTF-16 code unit, at most. */
const MAX_UTF8 = 3

/** Of the send queue, for the last words to a slow consumer. */
const FINAL_ROOM = 512

/** ms after which one may ask again for somebody who is behind with reading. */
const BEHIND_MS = 5_000

/** In units of `Cost`: a quarter of a millisecond of work, and the others have their turn. */
const SLICE = 16

const SLOW = encodeRefusal(undefined, { _tag: "Busy", message: "this client reads too slowly" })

const notThisServer = (dialled: { readonly name: string; readonly missing: string } | undefined): RefusalBody => ({
  _tag: "NotThisServer",
  message:
    dialled === undefined
      ? "`server` is `host:port`, in lower case"
      : `this server does not go by the name ${dialled.name}: its operator has to start it with --name ${dialled.missing}`
})

const FULL: RefusalBody = { _tag: "Busy", message: "this server is full" }

const TOO_MANY_WATCHED: RefusalBody = {
  _tag: "Busy",
  message: `more nicknames cannot be watched: at most ${MAX_WATCHED}, and fewer when many watch many`
}

const NOWHERE: Whereabouts = { address: "", endpoints: [] }

const UNAVAILABLE: RefusalBody = {
  _tag: "Busy",
  message: "this server cannot reach its registry; try again"
}
