import type { ClientError } from "../../../src/core/client/ClientError.js"
import { ClientMachine } from "../../../src/core/client/ClientMachine.js"
import { Contacts } from "../../../src/core/client/Contacts.js"
import type { ClientEvent } from "../../../src/core/client/Events.js"
import { Groups } from "../../../src/core/client/groups/Groups.js"
import type { IntroducerOptions } from "../../../src/core/client/Introducer.js"
import type { Ticket, UnreadMessage, Wish } from "../../../src/core/client/Output.js"
import type { OwnProfile } from "../../../src/core/client/OwnRecord.js"
import { ServerPins } from "../../../src/core/client/ServerPins.js"
import { Ledger } from "../../../src/core/journal/Ledger.js"
import type { JournalEntry } from "../../../src/core/peer/Journal.js"
import { RegistryMachine } from "../../../src/core/rendezvous/RegistryMachine.js"
import * as Endpoint from "../../../src/domain/Endpoint.js"
import * as Identity from "../../../src/domain/Identity.js"
import { crypto } from "../../../src/layers/node/Crypto.js"
import * as Bytes from "../../../src/protocol/Bytes.js"
import { type AccessLists, none } from "../../../src/server/Access.js"
import { Hub } from "../../../src/server/Hub.js"
import { defaults, type ServerOptions } from "../../../src/server/ServerOptions.js"
import type { CloseReason, ConnectionHandler } from "../../../src/services/Connection.js"
import type { Registry } from "../../../src/services/Registry.js"
import { immediate } from "../../../src/services/SignatureVerifier.js"
import { Rng } from "../../../src/sim/kernel/Rng.js"

/**
 * Clients' machines and a server, all as plain code on a virtual network: no fiber, no promise, no socket. Everything
 * follows from the seed, so a failing seed is a reproduction.
 */
export class World {
  now = 1_000
  readonly rng: Rng
  /** Parts of all datagrams that are lost, 0 to 1. */
  loss = 0
  readonly people: Array<Person> = []
  server: Server | undefined
  readonly #due: Array<{ readonly at: number; readonly order: number; readonly run: () => void }> = []
  #order = 0

  constructor(readonly seed: number) {
    this.rng = new Rng(seed)
  }

  readonly random = (length: number): Uint8Array => this.rng.fill(new Uint8Array(length))
  readonly wallNow = (): number => 1_700_000_000_000 + this.now

  startServer(settings: Partial<ServerOptions> = {}, access: AccessLists = none()): void {
    this.server ??= new Server(this, settings, access)
  }

  /** Breaks all links; `inOrder` with the goodbye of a server that restarts. */
  stopServer(inOrder: boolean): void {
    this.server?.stop(inOrder)
    this.server = undefined
  }

  person(name: string, profiles: Profiles = new Map(), calls: Partial<IntroducerOptions> = {}): Person {
    const person = new Person(this, name, `10.0.0.${this.people.length + 1}`, profiles, calls)
    this.people.push(person)
    return person
  }

  after(ms: number, run: () => void): void {
    const at = this.now + ms
    const order = this.#order++
    let low = 0
    let high = this.#due.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#due[middle]!.at <= at) low = middle + 1
      else high = middle
    }
    this.#due.splice(low, 0, { at, order, run })
  }

  pass(ms: number): void {
    const end = this.now + ms
    for (let next = this.#due[0]; next !== undefined && next.at <= end; next = this.#due[0]) {
      this.#due.shift()
      this.now = next.at
      next.run()
    }
    this.now = end
  }

  /** Lets time pass until it is so; fails when it is not within `ms`. */
  until(what: string, isSo: () => boolean, ms = 120_000): void {
    for (const end = this.now + ms; !isSo(); this.pass(50))
      if (this.now >= end) throw new Error(`seed ${this.seed}: not within ${ms} ms: ${what}`)
  }

  send(from: Endpoint.Endpoint, to: Endpoint.Endpoint, data: Uint8Array): void {
    if (this.rng.chance(this.loss)) return
    const copy = data.slice()
    this.after(LATENCY + this.rng.below(JITTER), () => {
      const person = this.people.find((one) => one.isAlive && one.endpoint.address === to.address)
      if (person !== undefined && to.port === PEER_PORT) person.receive(from, copy)
    })
  }
}

const LATENCY = 20
const JITTER = 5
const PEER_PORT = 4000

/** What stays of a person when the program ends, by nickname key. */
export type Profiles = Map<string, OwnProfile & { readonly ledger: Ledger }>

/** One client: its machine with a driver of callbacks, and what its user sees. */
export class Person {
  readonly machine: ClientMachine
  readonly endpoint: Endpoint.Endpoint
  readonly log: Array<ClientEvent> = []
  readonly answers = new Map<Ticket<unknown>, unknown>()
  isAlive = true
  /** Whether the user reads on: what is not read is not acknowledged. */
  reads = true
  readonly #unread: Array<{ readonly event: ClientEvent; readonly message: UnreadMessage }> = []
  #connection: Pipe | undefined
  #wakeAt = Number.POSITIVE_INFINITY

  constructor(
    readonly world: World,
    readonly name: string,
    address: string,
    readonly profiles: Profiles,
    calls: Partial<IntroducerOptions>
  ) {
    this.endpoint = Endpoint.make(address, PEER_PORT)!
    this.machine = new ClientMachine({
      crypto,
      random: world.random,
      wallNow: world.wallNow,
      now: world.now,
      servers: [{ name: "server:9090" }],
      lan: false,
      token: undefined,
      calls: { acceptCalls: "everyone", answer: "nobody", ...calls },
      path: "prefer-direct",
      stunServers: 0,
      portMapping: false,
      portGuessing: false,
      inbox: true,
      ports: { ipv4: PEER_PORT, ipv6: undefined },
      addresses: [{ family: "ipv4", address }]
    })
    this.drain()
  }

  /** Calls the machine, then drains it. */
  drive<A>(use: (machine: ClientMachine, now: number) => A): A {
    const result = use(this.machine, this.world.now)
    this.drain()
    return result
  }

  /** Makes a call and waits for its answer. */
  ask<A>(use: (machine: ClientMachine, now: number) => Ticket<A>): A | ClientError {
    const ticket = this.drive(use)
    this.world.until(`${this.name}: an answer`, () => this.answers.has(ticket))
    return this.answers.get(ticket) as A | ClientError
  }

  /** Writes to somebody who is known; gives the error's code, or nothing. */
  say(nick: string, text: string): string | undefined {
    const conversation = this.machine.conversations.byNick(nick)
    if (conversation === undefined) return "NotConnected"
    const sent = this.drive((machine, now) => machine.send(conversation, text, now))
    return sent instanceof Error ? codeOf(sent) : undefined
  }

  told<T extends ClientEvent["_tag"]>(tag: T): ReadonlyArray<ClientEvent & { readonly _tag: T }> {
    return this.log.filter((event): event is ClientEvent & { readonly _tag: T } => event._tag === tag)
  }

  /** What somebody has said, in the order in which it was shown. */
  heard(from: string): ReadonlyArray<string> {
    return this.told("Message").flatMap((event) => (event.from === from ? [event.text] : []))
  }

  /** The program is killed: nothing more leaves it. */
  kill(): void {
    this.isAlive = false
    this.#connection?.close("reset")
  }

  breakLink(): void {
    this.#connection?.close("reset")
  }

  receive(from: Endpoint.Endpoint, data: Uint8Array): void {
    this.drive((machine, now) => machine.handleDatagram(from, data, now))
  }

  drain(): void {
    const { machine, world } = this
    if (!this.isAlive) return
    for (let more = true; more; ) {
      more = false
      const { now } = world
      for (let output = machine.pollEvent(now); output !== undefined; output = machine.pollEvent(now)) {
        more = true
        if (output._tag === "Ending") machine.close(output.reason, output.message, now)
        if (output._tag !== "Told") continue
        if (output.message === undefined) this.log.push(output.event)
        else this.#unread.push({ event: output.event, message: output.message })
      }
      while (this.reads && this.#unread.length > 0) {
        const { event, message } = this.#unread.shift()!
        this.log.push(event)
        machine.shown(message, now)
      }
      while (machine.pollHistory() !== undefined);
      for (let answer = machine.pollAnswer(); answer !== undefined; answer = machine.pollAnswer())
        this.answers.set(answer.ticket, answer.result)
      for (let packet = machine.pollTransmit(now); packet !== undefined; packet = machine.pollTransmit(now)) {
        more = true
        if (packet.route._tag === "Direct") world.send(this.endpoint, packet.route.endpoint, packet.data)
      }
      for (let output = machine.pollServer(); output !== undefined; output = machine.pollServer()) {
        if (typeof output === "string") this.#connection?.close("local")
        else this.#connection?.fromClient(output)
      }
      this.#writeDown()
      for (let wish = machine.pollWish(); wish !== undefined; wish = machine.pollWish()) this.#fulfil(wish)
    }
    this.#arm()
  }

  #writeDown(): void {
    const entries: Array<JournalEntry> = []
    for (let entry = this.machine.pollJournal(); entry !== undefined; entry = this.machine.pollJournal())
      entries.push(entry)
    if (entries.length === 0) return
    const { ledger } = this.profiles.get(this.#profileKey!)!
    for (const entry of entries) {
      const nick = this.machine.conversations.get(entry.peer)?.nick
      if (entry._tag === "Accepted" && nick !== undefined)
        ledger.apply({ _tag: "Peer", peer: entry.peer, nick, nextSequence: entry.sequence })
      ledger.apply(entry._tag === "Shown" ? { _tag: "Shown", peer: entry.peer, ids: [entry.id] } : entry)
    }
    this.world.after(DISK, () => {
      if (!this.isAlive) return
      this.drive((machine, now) => {
        machine.written(entries, now)
        machine.flushed(entries, now)
      })
    })
  }

  #profileKey: string | undefined

  #fulfil(wish: Wish): void {
    const { world } = this
    const later = (run: (machine: ClientMachine, now: number) => void, ms = 0): void =>
      world.after(ms, () => (this.isAlive ? this.drive(run) : undefined))
    switch (wish._tag) {
      case "Dial":
        later((machine, now) => this.#connect(machine, now), 2 * LATENCY)
        return
      case "OpenProfile":
        later((machine, now) => {
          this.#profileKey = wish.nick.key
          const known = this.profiles.get(wish.nick.key) ?? freshProfile(world)
          this.profiles.set(wish.nick.key, known)
          machine.profileOpened(known, now)
        }, DISK)
        return
      case "DropProfile":
        later((machine, now) => machine.profileDropped(now), DISK)
        return
      case "ReadAddresses":
        later((machine, now) => machine.handleAddresses([{ family: "ipv4", address: this.endpoint.address }], now))
    }
  }

  #connect(machine: ClientMachine, now: number): void {
    const { server } = this.world
    if (server === undefined) {
      machine.handleDisconnected("refused", now)
      return
    }
    machine.handleConnected(this.endpoint, Endpoint.parse("192.0.2.1:9090")!, now)
    this.#connection = new Pipe(this.world, server, this.endpoint, {
      data: (data) => this.drive((client, at) => client.handleServerBytes(data, at)),
      closed: () => {
        this.#connection = undefined
        this.drive((client, at) => client.handleDisconnected("the link broke", at))
      }
    })
  }

  #arm(): void {
    const at = this.machine.pollTimeout() ?? Number.POSITIVE_INFINITY
    if (at >= this.#wakeAt) return
    this.#wakeAt = at
    this.world.after(Math.max(0, Math.ceil(at - this.world.now)), () => {
      if (this.#wakeAt !== at || !this.isAlive) return
      this.#wakeAt = Number.POSITIVE_INFINITY
      this.drive((machine, now) => machine.handleTimeout(now))
    })
  }
}

/** ms that a write takes. */
const DISK = 2

const codeOf = (error: ClientError): string => (error instanceof Error ? error._tag : String(error))

const freshProfile = (world: World): OwnProfile & { readonly ledger: Ledger } => {
  const ledger = new Ledger()
  return {
    identity: Identity.fromSeed(crypto, world.random(32)),
    contacts: new Contacts(),
    servers: ServerPins.empty(),
    groups: new Groups(),
    persistent: true,
    location: "memory",
    ledger,
    journal: {
      past: (peer) => ledger.past(peer),
      waiting: () => ledger.waiting(),
      accepts: (peer, length) => ledger.accepts(peer, length)
    }
  }
}

/** One TCP connection between a client and the server: bytes in order, `LATENCY` late. */
class Pipe {
  #handler: ConnectionHandler | undefined
  #isOpen = true

  constructor(
    private readonly world: World,
    private readonly server: Server,
    from: Endpoint.Endpoint,
    private readonly client: { readonly data: (data: Uint8Array) => void; readonly closed: () => void }
  ) {
    const remote = { ...from, port: 50_000 }
    server.pipes.add(this)
    this.#handler = server.hub.accept({
      local: Endpoint.parse("192.0.2.1:9090")!,
      remote,
      queued: () => 0,
      pause: () => {},
      resume: () => {},
      send: (data) => {
        if (!this.#isOpen) return false
        const copy = typeof data === "string" ? Bytes.fromText(data) : data.slice()
        world.after(LATENCY, () => this.#isOpen && client.data(copy))
        return true
      },
      end: () => world.after(LATENCY, () => this.close("ended")),
      destroy: () => this.close("local")
    })
    server.arm()
  }

  fromClient(data: Uint8Array): void {
    const copy = data.slice()
    this.world.after(LATENCY, () => {
      if (this.#isOpen) this.#handler?.onData(copy)
      this.server.arm()
    })
  }

  close(reason: CloseReason): void {
    if (!this.#isOpen) return
    this.world.after(LATENCY, () => this.#close(reason))
  }

  #close(reason: CloseReason): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.server.pipes.delete(this)
    this.#handler?.onClose(reason)
    this.client.closed()
    this.server.arm()
  }
}

/** The server's own machines, with callbacks for drivers. */
export class Server {
  readonly hub: Hub
  readonly pipes = new Set<Pipe>()
  /** What an operator reads. */
  readonly logged: Array<string> = []
  readonly #registry: RegistryMachine
  #wakeAt = Number.POSITIVE_INFINITY

  constructor(
    private readonly world: World,
    settings: Partial<ServerOptions>,
    access: AccessLists
  ) {
    const { graceMs } = defaults
    this.#registry = new RegistryMachine({ graceMs, maxNames: settings.maxNames ?? 100, reserved: [] })
    this.hub = new Hub(
      { ...defaults, names: ["server"], relay: undefined, restart: { inMs: 0, spreadMs: 1_000 }, ...settings },
      {
        registry: this.#service(),
        crypto,
        verifier: immediate(crypto),
        access,
        entropy: { bytes: world.random },
        time: { monotonic: () => world.now, wall: world.wallNow },
        onDeadline: () => this.arm(),
        later: (run) => world.after(0, run),
        log: (_, message) => this.logged.push(message)
      }
    )
  }

  stop(inOrder: boolean): void {
    if (inOrder) this.hub.close()
    for (const pipe of this.pipes) pipe.close("reset")
  }

  arm(): void {
    const at = Math.min(this.hub.pollTimeout() ?? Infinity, this.#registry.pollTimeout() ?? Infinity)
    if (at >= this.#wakeAt) return
    this.#wakeAt = at
    this.world.after(Math.max(0, Math.ceil(at - this.world.now)), () => {
      if (this.#wakeAt !== at || this.world.server !== this) return
      this.#wakeAt = Number.POSITIVE_INFINITY
      this.hub.handleTimeout(this.world.now)
      this.#registry.handleTimeout(this.world.now)
      this.#drain()
      this.arm()
    })
  }

  #drain(): void {
    for (let event = this.#registry.pollEvent(); event !== undefined; event = this.#registry.pollEvent())
      this.hub.handleEvent(event)
  }

  #service(): typeof Registry.Service {
    const machine = this.#registry
    const { world } = this
    return {
      claim: (claim, done) => {
        const result = machine.claim(claim, "resume", world.wallNow())
        this.#drain()
        done("_tag" in result ? { _tag: "Refused", refusal: result } : { _tag: "Claimed", registration: result })
      },
      release: (session, hold) => {
        machine.release(session, hold, world.now)
        this.#drain()
      },
      update: (session, endpoints) => {
        machine.update(session, endpoints)
        this.#drain()
      },
      find: (key, done) => {
        const registration = machine.find(key)
        done(registration === undefined ? { _tag: "Nobody" } : { _tag: "Found", registration })
      },
      subscribe: () => {
        throw new Error("the hub is told directly")
      },
      forget: (_, done) => done(false),
      knows: () => false,
      names: () => machine.names,
      reachable: () => true
    }
  }
}
