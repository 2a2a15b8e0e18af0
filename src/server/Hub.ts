import { AddressGate } from "../core/rendezvous/AddressGate.js"
import { Channels } from "../core/rendezvous/Channels.js"
import { Directory, type PresenceChange } from "../core/rendezvous/Directory.js"
import { halfOf } from "../core/rendezvous/Introduction.js"
import type { Corner } from "../core/rendezvous/Reflector.js"
import { type Forward, Relay } from "../core/rendezvous/Relay.js"
import { type Ending, Session } from "../core/rendezvous/Session.js"
import { DeadlineWheel, type Timed } from "../core/support/DeadlineWheel.js"
import type { Crypto } from "../domain/Crypto.js"
import * as Endpoint from "../domain/Endpoint.js"
import { type Registration, SessionId } from "../domain/Registration.js"
import * as Bytes from "../protocol/Bytes.js"
import { encodeIncoming, encodeMessage, encodeRefusal, type RefusalBody } from "../protocol/ControlCodec.js"
import type { Connection, ConnectionHandler } from "../services/Connection.js"
import type { Entropy } from "../services/Entropy.js"
import type { Registry, RegistryEvent } from "../services/Registry.js"
import type { SignatureVerifier } from "../services/SignatureVerifier.js"
import type { Time } from "../services/Time.js"
import { Announcer } from "./Announcer.js"
import { Counters, type ServerStats } from "./Counters.js"
import type { Reflector } from "./Reflector.js"
import type { ServerOptions } from "./ServerOptions.js"
import { NO_SUCH_PEER, SessionDriver, type SessionHub } from "./SessionDriver.js"

export interface HubServices {
  readonly registry: typeof Registry.Service
  readonly crypto: Crypto
  readonly verifier: typeof SignatureVerifier.Service
  readonly entropy: typeof Entropy.Service
  readonly time: Time
  /** The deadlines may have become earlier: `pollTimeout` is to be asked again. */
  readonly onDeadline: () => void
}

/**
 * What the sessions of one server share: who is connected, who is here, what is carried between them. It lets
 * connections in, gives each its `SessionDriver`, and passes on what the registry tells.
 */
export class Hub implements SessionHub {
  readonly registry: typeof Registry.Service
  readonly crypto: Crypto
  readonly verifier: typeof SignatureVerifier.Service
  readonly time: Time
  readonly settings: ServerOptions
  readonly announcer = new Announcer()
  readonly counters = new Counters()
  readonly directory = new Directory()
  /** The UDP sockets, once they are there. */
  reflector: Reflector | undefined
  readonly #services: HubServices
  readonly #channels: Channels
  readonly #relay: Relay<Corner> | undefined
  readonly #gate: AddressGate
  readonly #wheel = new DeadlineWheel<Timed>()
  readonly #drivers = new Map<SessionId, SessionDriver>()
  #connections = 0
  #closing = false

  constructor(settings: ServerOptions, services: HubServices) {
    this.settings = settings
    this.registry = services.registry
    this.crypto = services.crypto
    this.verifier = services.verifier
    this.time = services.time
    this.#services = services
    this.#gate = new AddressGate(settings.address)
    this.#channels = new Channels(services.crypto, services.entropy.bytes(SECRET_BYTES))
    const isLive = (number: number) => this.#drivers.get(idOf(number))?.registration !== undefined
    if (settings.relay !== undefined) this.#relay = new Relay<Corner>(settings.relay, this.#channels, isLive)
  }

  /** The handler of a new connection. */
  accept(connection: Connection): ConnectionHandler {
    const refusal = this.#closing
      ? GOING_DOWN
      : this.#drivers.size >= this.settings.maxConnections
        ? FULL
        : this.#gate.enter(connection.remote, this.time.monotonic())
          ? undefined
          : TOO_MANY
    if (refusal !== undefined) return this.#turnAway(connection, refusal)
    const number = this.#nextNumber()
    const challenge = this.#services.entropy.bytes(CHALLENGE_BYTES)
    const session = new Session(
      {
        limits: this.settings.session,
        software: this.settings.software,
        challenge: Bytes.toBase64Url(challenge),
        observed: Endpoint.format(connection.remote),
        token: this.settings.token,
        motd: this.settings.motd?.slice(0, MAX_MOTD),
        udp: this.reflector?.ports ?? []
      },
      this.time.monotonic()
    )
    const driver = new SessionDriver({ id: idOf(number), number, connection, session, challenge, hub: this })
    this.#drivers.set(driver.id, driver)
    this.counters.accepted++
    driver.drive()
    return driver
  }

  /** Called once for each session, when it is over; the connection may still be sending. */
  ended(driver: SessionDriver, ending: Ending | "lost"): void {
    this.counters.endings[ending]++
    this.#wheel.remove(driver)
    this.#drivers.delete(driver.id)
    this.#relay?.sessionEnded(driver.number)
    this.#gate.leave(driver.connection.remote)
  }

  /** The deadline of this one may have become earlier. */
  schedule(item: Timed): void {
    this.#wheel.schedule(item)
    this.#services.onDeadline()
  }

  handleTimeout(now: number): void {
    this.#wheel.handleTimeout(now)
  }

  pollTimeout(): number | undefined {
    return this.#wheel.pollTimeout()
  }

  /** What the registry tells. */
  handleEvent(event: RegistryEvent): void {
    switch (event._tag) {
      case "Owned": {
        const { registration } = event
        const driver = this.#drivers.get(registration.session)
        if (driver !== undefined) driver.registration = registration
        this.#announce(this.directory.put(registration))
        break
      }
      case "Freed":
        this.#announce(this.directory.remove(event.key))
        break
      case "Replaced":
        this.#drivers.get(event.session)?.end("replaced", encodeMessage({ _tag: "Replaced" }))
        break
      case "Reset":
        this.directory.clear()
    }
  }

  /** Introduces the two to each other: tells the asked one, and gives what the asker is to be told of it. */
  introduce(asker: SessionDriver, asked: Registration): { readonly half: string } | RefusalBody {
    const own = asker.registration
    if (own === undefined) return NOT_REGISTERED
    const other = this.#drivers.get(asked.session)
    if (other === undefined) return NO_SUCH_PEER
    if (other === asker) return { _tag: "NotAccepting", message: "that is your own nickname" }
    const relay = this.#relay !== undefined
    const { left, right } = this.#channels.between(asker.number, other.number)
    other.push(encodeIncoming(halfOf(own, right, relay)))
    return { half: halfOf(asked, left, relay) }
  }

  /** A `Relay` line of a session. */
  relayLine(from: number, channel: string, packet: string): void {
    this.#carry(this.#relay?.handleLine(from, channel, packet, this.time.monotonic()))
  }

  /** A datagram that looks like one for the relay. */
  relayDatagram(from: Endpoint.Endpoint, corner: Corner, data: Uint8Array): void {
    this.#carry(this.#relay?.handleDatagram(from, corner, data, this.time.monotonic()))
  }

  /** Lets nobody in any more, and tells everybody to come back later. */
  close(): void {
    this.#closing = true
    const line = encodeMessage({ _tag: "Restarting", ...this.settings.restart })
    for (const driver of [...this.#drivers.values()]) driver.end("restarting", line)
  }

  /** Sessions now. */
  get size(): number {
    return this.#drivers.size
  }

  stats(): ServerStats {
    const { accepted, endings, moods, refused, requests } = this.counters
    return {
      connections: this.#drivers.size,
      watchers: this.announcer.size,
      live: this.directory.size,
      names: this.registry.names(),
      accepted,
      refused,
      requests,
      endings: { ...endings },
      moods: { ...moods },
      ...(this.#relay === undefined ? {} : { relay: { ...this.#relay.stats, channels: this.#relay.size } }),
      ...(this.reflector === undefined ? {} : { reflector: this.reflector.stats() })
    }
  }

  #announce(change: PresenceChange | undefined): void {
    if (change === undefined) return
    this.announcer.announce(encodePresence(change), this.time.monotonic())
    this.schedule(this.announcer)
  }

  #carry(forward: Forward<Corner> | undefined): void {
    if (forward?._tag === "Datagram") this.reflector?.send(forward.via, forward.to, forward.data)
    if (forward?._tag !== "Line") return
    const { channel, packet, to } = forward
    if (this.#drivers.get(idOf(to))?.deliver(encodeMessage({ _tag: "Relay", channel, packet })) !== true) {
      this.#relay?.congested(Math.floor((packet.length * 3) / 4))
    }
  }

  #turnAway(connection: Connection, line: Uint8Array): ConnectionHandler {
    this.counters.refused++
    connection.send(line)
    connection.end()
    return IGNORE
  }

  /** After four billion connections the numbers begin anew, and pass over those that are still in use. */
  #nextNumber(): number {
    do this.#connections = this.#connections === MAX_NUMBER ? 1 : this.#connections + 1
    while (this.#drivers.has(idOf(this.#connections)))
    return this.#connections
  }
}

const encodePresence = ({ _tag, registration, version }: PresenceChange): string => {
  const { address, identity, nickname } = registration
  return encodeMessage({ _tag, version, nick: nickname.text, address, fingerprint: identity?.fingerprint ?? "" })
}

const idOf = (number: number): SessionId => SessionId.make(String(number))

/** What a channel's name has room for. */
const MAX_NUMBER = 0xffff_ffff
const SECRET_BYTES = 32
const CHALLENGE_BYTES = 32
/** As in `Welcome`. */
const MAX_MOTD = 2048

const NOT_REGISTERED: RefusalBody = { _tag: "NotRegistered", message: "register a nickname first" }

const busy = (message: string): Uint8Array => Bytes.fromText(encodeRefusal(undefined, { _tag: "Busy", message }))
const FULL = busy("this server is full; try later")
const TOO_MANY = busy("too many connections from this address; try later")
const GOING_DOWN = busy("this server is going down")

const IGNORE: ConnectionHandler = { onData: () => {}, onClose: () => {} }
