import { Channels } from "../core/rendezvous/Channels.js"
import { Directory, type PresenceChange } from "../core/rendezvous/Directory.js"
import { greetingOf } from "../core/rendezvous/Greeting.js"
import { Networks, type Source } from "../core/rendezvous/Networks.js"
import { Places } from "../core/rendezvous/Places.js"
import type { Corner } from "../core/rendezvous/Reflector.js"
import type { RefusalReason } from "../core/rendezvous/RefusalLog.js"
import { ServerNames } from "../core/rendezvous/ServerNames.js"
import { type Ending, Session } from "../core/rendezvous/Session.js"
import { placesOf, relayPortsOf } from "../core/rendezvous/UdpPlaces.js"
import { DeadlineWheel, type Timed } from "../core/support/DeadlineWheel.js"
import { LinkedMap } from "../core/support/LinkedMap.js"
import * as Cidr from "../domain/Cidr.js"
import type { Crypto } from "../domain/Crypto.js"
import * as Endpoint from "../domain/Endpoint.js"
import type { Nickname } from "../domain/Nickname.js"
import type { Registration, SessionId } from "../domain/Registration.js"
import * as Bytes from "../protocol/Bytes.js"
import { encodeMessage, encodeRefusal, type RefusalBody } from "../protocol/ControlCodec.js"
import type { Connection, ConnectionHandler } from "../services/Connection.js"
import type { Entropy } from "../services/Entropy.js"
import type { Registry, RegistryEvent } from "../services/Registry.js"
import type { SignatureVerifier } from "../services/SignatureVerifier.js"
import type { Time } from "../services/Time.js"
import { type AccessLists, banned, closedTo } from "./Access.js"
import { Announcer } from "./Announcer.js"
import { Carrier } from "./Carrier.js"
import { Cluster, type ClusterOptions } from "./Cluster.js"
import { Counters, type ServerStats } from "./Counters.js"
import { Introductions } from "./Introductions.js"
import { Proofs } from "./Proofs.js"
import type { Reflector } from "./Reflector.js"
import { MAX_TURNED_AWAY, Refuser } from "./Refuser.js"
import type { Changeable, ServerOptions } from "./ServerOptions.js"
import { SessionDriver, type SessionHub } from "./SessionDriver.js"
import { SessionNumbers } from "./SessionNumbers.js"
import { Turns } from "./Turns.js"

export interface HubServices {
  readonly registry: typeof Registry.Service
  readonly crypto: Crypto
  readonly verifier: typeof SignatureVerifier.Service
  readonly entropy: typeof Entropy.Service
  readonly time: Time
  /** Where this is one of several nodes. */
  readonly cluster?: ClusterOptions
  readonly access: AccessLists
  /** The deadlines may have become earlier: `pollTimeout` is to be asked again. */
  readonly onDeadline: () => void
  /** Calls `run` as soon as what waits for I/O has had its turn. */
  readonly later: (run: () => void) => void
  /** Writes a line of the log. What is passed is rare. */
  readonly log: (level: "info" | "warning", message: string, annotations: Readonly<Record<string, unknown>>) => void
}

/**
 * What the sessions of one server share: who is connected, who is here, what is carried between them. It lets
 * connections in, gives each its `SessionDriver`, passes on what the registry tells, and sees to it that everybody gets
 * a turn (`Turns`): deadlines and proofs that come in a crowd are worked off a few at a time, too.
 */
export class Hub implements SessionHub {
  readonly registry: typeof Registry.Service
  readonly crypto: Crypto
  readonly proofs: Proofs
  readonly time: Time
  settings: ServerOptions
  readonly counters = new Counters()
  readonly directory: Directory
  readonly announcer: Announcer
  readonly names: ServerNames
  readonly introductions: Introductions
  readonly turns: Turns
  readonly access: AccessLists
  #reflector: Reflector | undefined
  /** As clients are told where its ports are, if not on the address that they dial. */
  #udpAt: ReadonlyArray<string> = []
  #greeting: (challenge: string, time: number) => string
  readonly #services: HubServices
  readonly #carrier: Carrier
  readonly #networks: Networks
  readonly #places: Places<SessionDriver>
  readonly #refuser: Refuser
  readonly #numbers: SessionNumbers
  readonly #wheel = new DeadlineWheel<Timed>()
  readonly #drivers = new Map<SessionId, SessionDriver>()
  readonly #known = new LinkedMap<string, true>()
  /** How many registered sessions are at each address. */
  readonly #addresses = new Map<string, number>()
  /** After a pause of the process: nobody is judged by his silence before this time. */
  #judgeFrom = Number.NEGATIVE_INFINITY
  /** Connections that the system allows. */
  #capacity = Number.POSITIVE_INFINITY
  #troubleAt = Number.NEGATIVE_INFINITY
  #draining = false
  #closing = false

  constructor(settings: ServerOptions, services: HubServices) {
    this.settings = settings
    this.directory = new Directory(settings.listing)
    this.announcer = new Announcer(this.directory)
    this.registry = services.registry
    this.crypto = services.crypto
    this.proofs = new Proofs(services.verifier)
    this.time = services.time
    this.turns = new Turns(services.time, services.later)
    this.access = services.access
    this.#services = services
    this.#networks = new Networks(settings.address, Cidr.parseAll(settings.exempt))
    this.#places = new Places(settings.maxConnections)
    this.names = new ServerNames(settings.names)
    this.#refuser = new Refuser(services.time, this.counters, (message, more) => services.log("info", message, more))
    this.#greeting = this.#greetingWith([])
    const { cluster, crypto, entropy } = services
    const channels = new Channels(crypto, cluster?.channelSecret ?? entropy.bytes(SECRET_BYTES))
    const others =
      cluster &&
      new Cluster(cluster, channels, {
        relayAt: () => (settings.relay === undefined ? undefined : relayPortsOf(this.#udpAt)),
        hasEnd: (end) => this.#carrier.at(end) !== undefined
      })
    this.#numbers = new SessionNumbers(cluster?.node, entropy.bytes)
    this.#carrier = new Carrier({
      channels,
      cluster: others,
      limits: settings.relay,
      random: entropy.bytes,
      isExempt: (address) => this.#networks.isExempt(address),
      sendDatagram: (via, to, data) => this.#reflector?.send(via, to, data)
    })
    this.introductions = new Introductions({
      channels,
      cluster: others,
      relay: settings.relay === undefined ? undefined : [],
      time: this.time,
      ofSession: (session) => this.#drivers.get(session),
      atEnd: (end) => this.#carrier.at(end)
    })
    cluster?.mesh.serve({
      onQuestion: (question) => this.introductions.answer(question),
      onNotice: (notice) => {
        if (notice._tag === "Packet") this.#carrier.fromNode(notice, this.time.monotonic())
        else this.#carrier.endedElsewhere(notice.end)
      }
    })
  }

  /** The UDP sockets, once they are there. */
  get reflector(): Reflector | undefined {
    return this.#reflector
  }

  set reflector(reflector: Reflector) {
    this.#reflector = reflector
    this.#udpAt = placesOf(this.settings.udpAddresses, reflector.ports)
    this.#greeting = this.#greetingWith(reflector.ports)
  }

  /** The handler of a new connection. */
  accept(connection: Connection): ConnectionHandler {
    const now = this.time.monotonic()
    if (this.#closing || this.#draining) return this.#refuser.turnAway(connection, GOING_DOWN)
    const ban = this.access.bans.ofAddress(connection.remote, this.time.wall())
    if (ban !== undefined) return this.#refuser.turnAway(connection, parting(banned(ban)), "banned")
    const source = this.#networks.enter(connection.remote, now)
    if (source === undefined) return this.#refuser.turnAway(connection, TOO_MANY, "connections")
    const room = this.#places.roomFor(source.crowd, now)
    if (room === undefined) {
      source.leave(true)
      return this.#refuser.turnAway(connection, FULL, "full")
    }
    room.victim?.end("evicted", EVICTED)
    return this.#begin(connection, source, now)
  }

  /** A proxy has not said whom its connection is of. */
  badProxy(remote: Endpoint.Endpoint): void {
    this.counters.refused++
    this.#refuser.note(remote, "proxy")
  }

  /** Behaves so from now on; who is here keeps the limits of a session that he came with. */
  change(changes: Partial<Changeable>): void {
    this.settings = { ...this.settings, ...changes }
    const { address, exempt, maxConnections } = this.settings
    this.#networks.change(address, Cidr.parseAll(exempt), this.time.monotonic())
    this.#places.resize(Math.min(maxConnections, this.#capacity))
    this.#greeting = this.#greetingWith(this.#reflector?.ports ?? [])
  }

  /** So many connections the system allows; those that are being turned away need room as well. */
  limit(capacity: number): void {
    const most = Math.max(1, capacity - Math.min(MAX_TURNED_AWAY, Math.floor(capacity / 4)))
    this.#capacity = most
    if (most >= this.settings.maxConnections) return
    this.#places.resize(most)
    const wanted = this.settings.maxConnections
    this.#services.log("warning", "too few open files allowed (ulimit -n) for all connections", { wanted, most })
  }

  /** The system has no room for more connections. */
  trouble(message: string): void {
    const now = this.time.monotonic()
    if (now < this.#troubleAt) return
    this.#troubleAt = now + TROUBLE_EVERY_MS
    this.#services.log("warning", message, { connections: this.#drivers.size + this.#refuser.size })
  }

  /**
   * Whether the session may register, as an identity or not; makes room for it if need be. Otherwise it is told that
   * the server is full.
   */
  admit(driver: SessionDriver, identity: string | undefined): boolean {
    const isKnown = identity !== undefined && (this.#known.has(identity) || this.registry.knows(identity))
    const seat = this.#places.seatFor(driver, isKnown)
    seat?.victim?.end("evicted", EVICTED)
    return seat !== undefined
  }

  /** The refusal of the operator, if this one or the nickname is not let in. */
  closedTo(driver: SessionDriver, nickname: Nickname, fingerprint: string | undefined): RefusalBody | undefined {
    const refusal = closedTo(this.access, nickname, fingerprint, this.time.wall())
    if (refusal?._tag === "Unauthorized") this.refused(driver, "banned")
    return refusal
  }

  /** All sessions, in the order of their arrival. */
  sessions(): Iterable<SessionDriver> {
    return this.#drivers.values()
  }

  /** Ends a session for its operator; its client is told why, and does not come back by itself. */
  kick(driver: SessionDriver, why: string): void {
    driver.end("kicked", parting(why))
  }

  /** Lets nobody in any more; those who are here are sent on, so many at a time. */
  drain(): void {
    this.#draining = true
  }

  /** Sends on so many of those who are here, as at a restart. */
  sendOn(count: number): void {
    const line = encodeMessage({ _tag: "Restarting", ...this.settings.restart })
    for (const driver of [...this.#drivers.values()].slice(0, count)) {
      // Others stay, and are told of others.
      this.announcer.remove(driver)
      driver.end("restarting", line)
    }
  }

  /** The session has this registration now. */
  registered(driver: SessionDriver, registration: Registration): void {
    const { identity } = registration
    // What the operator decides while a claim is under way finds nobody of that name yet.
    const closed = this.closedTo(driver, registration.nickname, identity?.fingerprint)
    if (closed !== undefined) {
      this.kick(driver, closed.message)
      return
    }
    this.#owns(driver, registration)
    if (!driver.isCounted) this.#greet(driver)
    driver.isCounted = true
    this.#places.registered(driver, identity === undefined)
    if (identity === undefined) return
    this.#known.set(identity.key, true)
    const oldest = this.#known.size > MAX_KNOWN ? this.#known.oldest() : undefined
    if (oldest !== undefined) this.#known.delete(oldest.key)
  }

  /** Somebody was turned away who had been let in. */
  refused(driver: SessionDriver, reason: RefusalReason, name?: string): void {
    this.#refuser.note(driver.connection.remote, reason, name === undefined ? {} : { name })
  }

  /** Called once for each session, when it is over; the connection may still be sending. */
  ended(driver: SessionDriver, ending: Ending | "lost"): void {
    this.counters.endings[ending]++
    this.#wheel.remove(driver)
    this.turns.delete(driver)
    this.#drivers.delete(driver.id)
    this.#places.leave(driver)
    this.#carrier.leave(driver)
    if (driver.isCounted) this.#count(driver.connection.remote.address, -1)
    if (ending === "malformed" || ending === "unregistered" || ending === "slow") this.refused(driver, ending)
    driver.source.leave(this.time.monotonic() - driver.startedAt >= SETTLED_MS)
    // What is held when the node goes is the registry's business then.
    if (!this.#closing) this.registry.release(driver.id, ending !== "exit")
  }

  /** The deadline of this one may have become earlier. */
  schedule(item: Timed): void {
    this.#wheel.schedule(item)
    this.#services.onDeadline()
  }

  /**
   * When the deadlines come this late, the process stood still, and what was sent meanwhile has not been read: it is
   * read first.
   */
  handleTimeout(now: number): void {
    const due = this.#wheel.pollTimeout()
    if (due === undefined || now < this.#judgeFrom) return
    if (now - due > LATE_MS && this.#judgeFrom < due) {
      this.#judgeFrom = now + READ_FIRST_MS
      this.#services.log("warning", "this process stood still", { ms: Math.round(now - due) })
    } else this.#wheel.handleTimeout(now, MAX_DUE)
  }

  pollTimeout(): number | undefined {
    const due = this.#wheel.pollTimeout()
    return due === undefined ? undefined : Math.max(due, this.#judgeFrom)
  }

  /** What the registry tells. */
  handleEvent(event: RegistryEvent): void {
    switch (event._tag) {
      case "Owned": {
        const { registration } = event
        const driver = this.#drivers.get(registration.session)
        const former = driver?.registration
        if (driver !== undefined) this.#owns(driver, registration)
        this.#announce(this.directory.put(registration, event.version), former)
        break
      }
      case "Freed":
        this.#announce(this.directory.remove(event.key, event.version))
        break
      case "Replaced":
        this.#drivers.get(event.session)?.end("replaced", encodeMessage({ _tag: "Replaced" }))
        break
      case "Reset":
        this.directory.clear()
    }
  }

  /** Whether a registered client is at this address. */
  isAt(address: string): boolean {
    return this.#addresses.has(address)
  }

  /** Carries a `Relay` line of a session; whether there was somebody to carry it to, and within the limits. */
  relayLine(from: number, channel: string, packet: string): boolean {
    return this.#carrier.line(from, channel, packet, this.time.monotonic())
  }

  /** A datagram that looks like one for the relay. */
  relayDatagram(from: Endpoint.Endpoint, corner: Corner, data: Uint8Array): void {
    this.#carrier.datagram(from, corner, data, this.time.monotonic())
  }

  /** Lets nobody in any more, and tells everybody to come back later. */
  close(): void {
    this.#closing = true
    const { inMs, spreadMs } = this.settings.restart
    // A larger crowd takes longer to be told, and longer to come back.
    const by = Math.max(1, this.#drivers.size / CROWD)
    const line = encodeMessage({ _tag: "Restarting", inMs: Math.round(inMs * by), spreadMs: Math.round(spreadMs * by) })
    for (const driver of this.#drivers.values()) driver.end("restarting", line)
  }

  /** Why no client should be sent here now, if that is so. */
  get unready(): string | undefined {
    if (this.#closing || this.#draining) return "going down"
    return this.registry.reachable() ? undefined : "the registry cannot be reached"
  }

  /** Sessions now. */
  get size(): number {
    return this.#drivers.size
  }

  stats(): ServerStats {
    let queued = 0
    for (const { connection } of this.#drivers.values()) queued += connection.queued()
    const { interests: watched, size: watchers, waiting: presence } = this.announcer
    return this.counters.with({
      connections: this.#drivers.size,
      watchers,
      watched,
      live: this.directory.size,
      names: this.registry.names(),
      queued,
      waiting: { turn: this.turns.size, proof: this.proofs.size, presence, goodbye: this.#refuser.size },
      ...this.#carrier.stats(),
      ...(this.#reflector === undefined ? {} : { reflector: this.#reflector.stats() })
    })
  }

  #greetingWith(udp: ReadonlyArray<number>) {
    const { motd, relay, session: limits, software, token } = this.settings
    return greetingOf({
      software,
      limits,
      udp,
      udpAt: this.#udpAt,
      relay: relay?.channel,
      tokenRequired: token !== undefined || this.access.tokens !== undefined,
      motd: motd?.slice(0, MAX_MOTD)
    })
  }

  #begin(connection: Connection, source: Source, now: number): SessionDriver {
    const number = this.#nextNumber()
    const challenge = this.#services.entropy.bytes(CHALLENGE_BYTES)
    const { session: limits, token } = this.settings
    const welcome = this.#greeting(Bytes.toBase64Url(challenge), Math.floor(this.time.wall()))
    const observed = Endpoint.format(connection.remote)
    const { onRefused } = this.counters
    const { tokens } = this.access
    const holderOf = tokens && ((shown: string) => tokens.holderOf(shown))
    const onBadToken = () => this.#refuser.note(connection.remote, "token")
    const session = new Session(
      { limits, welcome, observed, token, holderOf, allowance: source, onRefused, onBadToken },
      now
    )
    const driver = new SessionDriver(
      { id: this.#numbers.idOf(number), number, connection, session, challenge, source, hub: this },
      now
    )
    this.#drivers.set(driver.id, driver)
    this.#carrier.arrive(driver)
    this.#places.arrive(driver, source.crowd, now)
    this.counters.accepted++
    driver.drive()
    return driver
  }

  /**
   * The session has this registration. With another identity it is somebody else to all whom it was introduced to, so
   * its channels end with the former one: on a channel that is known, a peer takes no other identity.
   */
  #owns(driver: SessionDriver, registration: Registration): void {
    const identity = registration.identity?.key
    const isAnother = driver.registration !== undefined && driver.registration.identity?.key !== identity
    driver.registration = registration
    if (!isAnother) return
    this.#carrier.leave(driver)
    driver.channelEnd = this.#nextNumber()
    this.#carrier.arrive(driver)
  }

  #greet(driver: SessionDriver): void {
    this.#count(driver.connection.remote.address, 1)
    const { holder } = driver
    if (holder !== undefined) this.#services.log("info", "came with a token", { holder: holder.name, token: holder.id })
  }

  #count(address: string, change: number): void {
    this.counters.registered += change
    const count = (this.#addresses.get(address) ?? 0) + change
    if (count === 0) this.#addresses.delete(address)
    else this.#addresses.set(address, count)
  }

  #announce(change: PresenceChange | undefined, former?: Registration): void {
    if (change === undefined || this.#closing) return
    this.announcer.announce(change, this.time.monotonic(), former)
    this.schedule(this.announcer)
  }

  #nextNumber(): number {
    return this.#numbers.next((number, id) => this.#drivers.has(id) || this.#carrier.at(number) !== undefined)
  }
}

/** Sessions whose deadlines are looked at in one turn, some 2 ms. */
const MAX_DUE = 100

/** ms by which the deadlines are late when the process stood still rather than had much to do. */
const LATE_MS = 5_000
/** ms for reading what has arrived meanwhile. */
const READ_FIRST_MS = 1_000

/** ms after which a connection was none of those that only come and go, and does not count as a new one any more. */
const SETTLED_MS = 60_000

/** Identities that were here since the start, some 10 MB. */
const MAX_KNOWN = 65_536

/** Clients that come back within the stock spread, 800 a second: less than half of a core. */
const CROWD = 4_000

/** ms between two lines of the log about trouble of the system. */
const TROUBLE_EVERY_MS = 60_000

const SECRET_BYTES = 32
const CHALLENGE_BYTES = 32
/** As in `Welcome`. */
const MAX_MOTD = 2048

const busy = (message: string): string => encodeRefusal(undefined, { _tag: "Busy", message })
const FULL = busy("this server is full")
const TOO_MANY = busy("too many connections from this address")
const EVICTED = busy("this server is full, and others have come")
/** For good, unlike `Busy`: a client ends with it. */
const parting = (message: string): string => encodeRefusal(undefined, { _tag: "Unauthorized", message })
const GOING_DOWN = busy("this server is going down")
