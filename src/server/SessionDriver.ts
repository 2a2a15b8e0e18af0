import * as Either from "effect/Either"
import type { Directory } from "../core/rendezvous/Directory.js"
import type { Outcome } from "../core/rendezvous/Outcome.js"
import * as Proof from "../core/rendezvous/Proof.js"
import type { Ending, RegistryCommand, Session } from "../core/rendezvous/Session.js"
import type { Timed } from "../core/support/DeadlineWheel.js"
import type { Crypto } from "../domain/Crypto.js"
import * as Endpoint from "../domain/Endpoint.js"
import * as Nickname from "../domain/Nickname.js"
import type { Registration, SessionId, VerifiedIdentity } from "../domain/Registration.js"
import { encodeRefusal, type RefusalBody } from "../protocol/ControlCodec.js"
import type { Connection, ConnectionHandler } from "../services/Connection.js"
import type { ClaimAnswer, FindAnswer, Registry } from "../services/Registry.js"
import type { SignatureVerifier } from "../services/SignatureVerifier.js"
import type { Time } from "../services/Time.js"
import type { Announcer, Watcher } from "./Announcer.js"
import type { Counters } from "./Counters.js"
import type { ServerOptions } from "./ServerOptions.js"

/** What the drivers of one server share, as they see it. */
export interface SessionHub {
  readonly registry: typeof Registry.Service
  readonly crypto: Crypto
  readonly verifier: typeof SignatureVerifier.Service
  readonly time: Time
  readonly settings: ServerOptions
  readonly announcer: Announcer
  readonly counters: Counters
  readonly directory: Directory
  /** Introduces the two to each other: tells the asked one, and gives what the asker is to be told of it. */
  readonly introduce: (asker: SessionDriver, asked: Registration) => { readonly half: string } | RefusalBody
  /** Carries a packet to the other side of the channel. */
  readonly relayLine: (from: number, channel: string, packet: string) => void
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
  readonly hub: SessionHub
}

type RegisterCommand = Extract<RegistryCommand, { _tag: "Register" }>

/**
 * Runs one `Session` on one connection: feeds what arrives, carries out the commands, writes what comes out. Everything
 * happens inside the callbacks of the connection, the wheel and the registry; no fiber, scope or timer belongs to a
 * session.
 */
export class SessionDriver implements ConnectionHandler, Timed, Watcher {
  readonly id: SessionId
  readonly number: number
  readonly connection: Connection
  /** The nickname of this session, once it has one. */
  registration: Registration | undefined
  readonly #session: Session
  readonly #challenge: Uint8Array
  readonly #hub: SessionHub
  #reading = true
  #driving = false
  #over = false
  #gone = false

  constructor({ challenge, connection, hub, id, number, session }: SessionDriverOptions) {
    this.id = id
    this.number = number
    this.connection = connection
    this.#session = session
    this.#challenge = challenge
    this.#hub = hub
  }

  onData(data: Uint8Array): void {
    this.#session.handleBytes(data, this.#hub.time.monotonic())
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

  sendShared(lines: Uint8Array): void {
    if (!this.#over) this.#send(lines)
  }

  /** Ends the session from outside, with this as its last line. */
  end(ending: Ending, line: string): void {
    this.#session.end(ending, line)
    this.drive()
  }

  /** Handles what can be handled now. Whatever changes the session calls this afterwards. */
  drive(): void {
    // A command may come back here through the registry's events; the loop below sees what it left.
    if (this.#driving || this.#over) return
    this.#driving = true
    do {
      const now = this.#hub.time.monotonic()
      for (
        let command = this.#session.pollCommand(now);
        command !== undefined;
        command = this.#session.pollCommand(now)
      ) {
        if (command._tag === "Relay") this.#hub.relayLine(this.number, command.channel, command.packet)
        else this.#run(command)
      }
    } while (this.#flush())
    this.#driving = false
    if (this.#session.ending !== undefined) {
      this.#finish(this.#session.ending)
      return
    }
    this.#watch()
    this.#readOrPause()
    this.#hub.schedule(this)
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
        this.#complete({ _tag: "Watching", version: directory.version })
        break
      case "Query":
        this.#query(Nickname.key(command.nick))
        break
      case "Update":
        registry.update(this.id, command.endpoints)
        this.#complete({ _tag: "Updated" })
    }
  }

  #register(command: RegisterCommand): void {
    const { request, nickname } = command
    const { crypto, time, verifier } = this.#hub
    const claim = Proof.read(crypto, request, nickname, this.#challenge, time.wall())
    if (Either.isLeft(claim)) this.#refuse(claim.left)
    else if (claim.right === undefined) this.#claim(command, undefined)
    else {
      const { checks, identity } = claim.right
      verifier.verify(checks, (good) => {
        if (this.#over) return
        if (good) this.#claim(command, identity)
        else this.#refuse(Proof.BAD_SIGNATURE)
      })
    }
  }

  #claim({ request, nickname }: RegisterCommand, identity: VerifiedIdentity | undefined): void {
    this.#hub.registry.claim(
      {
        session: this.id,
        nickname,
        address: Endpoint.format(this.connection.remote),
        endpoints: request.endpoints,
        ...(identity === undefined ? {} : { identity }),
        ...(request.resume === undefined ? {} : { resume: request.resume })
      },
      (answer) => this.#claimed(answer)
    )
  }

  #claimed(answer: ClaimAnswer): void {
    if (this.#over) {
      // Claimed for a client that has left meanwhile.
      if (answer._tag === "Claimed") this.#hub.registry.release(this.id, true)
    } else if (answer._tag === "Claimed") {
      const { nickname, resume } = answer.registration
      this.registration = answer.registration
      this.#complete({ _tag: "Registered", nick: nickname.text, resume })
    } else this.#refuse(answer._tag === "Refused" ? answer.refusal : UNAVAILABLE)
  }

  #query(key: string): void {
    const known = this.#hub.directory.get(key)
    if (known !== undefined) this.#introduce(known)
    else this.#hub.registry.find(key, (answer) => this.#found(answer))
  }

  #found(answer: FindAnswer): void {
    if (answer._tag === "Found") this.#introduce(answer.registration)
    else this.#refuse(answer._tag === "Nobody" ? NO_SUCH_PEER : UNAVAILABLE)
  }

  #introduce(asked: Registration): void {
    const result = this.#hub.introduce(this, asked)
    if ("half" in result) this.#complete({ _tag: "Introduced", half: result.half })
    else this.#refuse(result)
  }

  #refuse(refusal: RefusalBody): void {
    this.#complete({ _tag: "Refused", refusal })
  }

  #complete(outcome: Outcome): void {
    if (this.#over) return
    this.#session.complete(outcome)
    this.drive()
  }

  /** Sends what the session has to say; whether there was anything. */
  #flush(): boolean {
    const output = this.#session.takeOutput()
    if (output === undefined) return false
    if (!this.#send(output)) return false
    // The replies are not taken as fast as the requests come: wait a little before making more of them.
    if (this.connection.queued() > this.#hub.settings.sendQueue / 4) {
      this.#session.pauseUntil(this.#hub.time.monotonic() + PAUSE_MS)
    }
    return true
  }

  #send(bytes: Uint8Array): boolean {
    const room = this.#hub.settings.sendQueue - FINAL_ROOM - this.connection.queued()
    if (bytes.length <= room && this.connection.send(bytes)) return true
    this.#session.end("slow")
    this.connection.send(SLOW)
    this.#finish("slow")
    return false
  }

  #watch(): void {
    if (this.#session.watching) this.#hub.announcer.add(this)
    else this.#hub.announcer.remove(this)
  }

  #readOrPause(): void {
    if (this.#session.wantsInput === this.#reading) return
    this.#reading = !this.#reading
    if (this.#reading) this.connection.resume()
    else this.connection.pause()
  }

  #finish(ending: Ending | "lost"): void {
    if (this.#over) return
    this.#over = true
    const hub = this.#hub
    hub.announcer.remove(this)
    if (this.#session.mood !== undefined) hub.counters.moods[this.#session.mood]++
    hub.registry.release(this.id, ending !== "exit")
    this.registration = undefined
    hub.ended(this, ending)
    if (!this.#gone) this.connection.end()
  }
}

/** How long to wait for a client that does not take its replies: a round trip or two. */
const PAUSE_MS = 50

/** Of the send queue, for the last words to a slow consumer. */
const FINAL_ROOM = 512

const SLOW = new TextEncoder().encode(
  encodeRefusal(undefined, { _tag: "Busy", message: "this client reads too slowly; connect again" })
)

export const NO_SUCH_PEER: RefusalBody = { _tag: "NoSuchPeer", message: "nobody here has that nickname" }

const UNAVAILABLE: RefusalBody = {
  _tag: "Busy",
  message: "this server cannot reach its registry; try again"
}
