import type { ClientError } from "../../src/core/client/ClientError.js"
import { ClientMachine } from "../../src/core/client/ClientMachine.js"
import { Contacts } from "../../src/core/client/Contacts.js"
import { Groups } from "../../src/core/client/groups/Groups.js"
import type { ClientOutput, Ticket, Wish } from "../../src/core/client/Output.js"
import type { OwnProfile } from "../../src/core/client/OwnRecord.js"
import { ServerPins } from "../../src/core/client/ServerPins.js"
import { Ledger as JournalLedger } from "../../src/core/journal/Ledger.js"
import type { JournalEntry } from "../../src/core/peer/Journal.js"
import type { Crypto } from "../../src/domain/Crypto.js"
import * as Identity from "../../src/domain/Identity.js"
import type { Connection } from "../../src/services/Connection.js"
import type { Process } from "../../src/sim/kernel/Process.js"
import type { Host } from "../../src/sim/network/Host.js"
import { dialSync } from "../../src/sim/network/TcpDialer.js"
import { type BoundSocket, bindSync } from "../../src/sim/network/Udp.js"
import type { World } from "../../src/sim/World.js"
import type { Ledger } from "../product/Ledger.js"
import { alarmOn } from "../support/Alarm.js"
import { PORT } from "./BareServer.js"

/**
 * A client's machine as plain callbacks on a simulated machine, with its user: no fiber, no promise, no services. What
 * the user does and sees is told to the ledger. It has no local network, no router that forwards ports, and a disk that
 * writes at once.
 */
export class BareClient {
  readonly machine: ClientMachine
  /** Whether the nickname was ever granted. */
  isRegistered = false
  /** Whether the user has reason to believe that the nickname is theirs at this moment. */
  holds = false
  readonly #process: Process
  readonly #socket: BoundSocket["socket"]
  readonly #alarm: (at: number | undefined) => void
  readonly #answers = new Map<Ticket<unknown>, (result: unknown) => void>()
  readonly #journal = new JournalLedger()
  /** Of a user who was here before: an identity that is new would go with the first registration that fails. */
  readonly #profile: OwnProfile
  #connection: Connection | undefined
  #isDraining = false
  /** Something was done to the machine since the drain began. */
  #again = false

  constructor(
    private readonly world: World,
    private readonly host: Host,
    private readonly ledger: Ledger
  ) {
    const { crypto, kernel, network } = world
    const process = kernel.process(host.name)
    this.#process = process
    host.process = process
    const entropy = process.rng.fork("entropy")
    const random = (length: number) => entropy.fill(new Uint8Array(length))
    const journal = this.#journal
    this.#profile = {
      identity: Identity.fromSeed(crypto, random(32)),
      contacts: new Contacts(),
      servers: ServerPins.empty(),
      groups: new Groups(),
      persistent: true,
      location: "memory",
      journal: {
        past: (peer) => journal.past(peer),
        waiting: () => journal.waiting(),
        accepts: (peer, length) => journal.accepts(peer, length)
      }
    }
    this.#alarm = alarmOn(process, (now) => {
      this.machine.handleTimeout(now)
      this.#drain()
    })
    const bound = bindSync(network, host, process, {
      family: "ipv4",
      port: 0,
      onDatagram: (from, data) => this.machine.handleDatagram(from, data, this.#now),
      onIdle: () => this.#drain()
    })
    this.#socket = (bound as BoundSocket).socket
    this.machine = new ClientMachine({
      crypto: this.#watchedCrypto(),
      random,
      wallNow: () => process.clock.wall(kernel.now) / 1000,
      now: this.#now,
      servers: [{ name: `server:${PORT}` }],
      lan: false,
      token: undefined,
      calls: { acceptCalls: "everyone", answer: "nobody" },
      path: "prefer-direct",
      stunServers: 0,
      portMapping: false,
      portGuessing: false,
      inbox: true,
      ports: { ipv4: this.#socket.local.port, ipv6: undefined },
      addresses: network.interfacesOf(host)
    })
    ledger.begin(this.name)
    this.#register()
  }

  get name(): string {
    return this.host.name
  }

  /** Asks for a peer, which is consent. `done` gets the code of a refusal, or `ok`. */
  ask(peer: string, done: (code: string) => void = () => {}): void {
    const { ledger, name } = this
    const life = ledger.lifeOf(name)
    ledger.asks(name, peer)
    this.#call(
      (machine, now) => machine.query(peer, now),
      (result) => {
        const code = codeOf(result)
        ledger.asked(name, peer, code === "ok", life)
        if (code !== "ok") ledger.refusedKey(code, peer)
        done(code)
      }
    )
  }

  /** Says something new, `length` characters long at least. */
  say(peer: string, length: number): void {
    const text = this.ledger.compose(this.name, peer, "x".repeat(length))
    const conversation = this.machine.conversations.byNick(peer)
    if (conversation === undefined) {
      this.ledger.refused(text, "NotConnected")
      return
    }
    this.#drive((machine, now) => {
      const sent = machine.send(conversation, text, now)
      if (typeof sent === "string") this.ledger.accepted(text, sent)
      else this.ledger.refused(text, sent._tag)
    })
  }

  /** Ends a conversation; before the nickname is there, there is none to end. */
  leave(peer: string): void {
    if (!this.isRegistered) return
    this.ledger.leaves(this.name, peer)
    const conversation = this.machine.conversations.byNick(peer)
    this.#drive((machine, now) => {
      if (conversation === undefined) machine.dropPending(peer, now)
      else machine.leave(conversation, now)
    })
  }

  /** Calls back after `ms` of this machine's time. */
  after(ms: number, run: () => void): void {
    this.#process.after(ms * 1000, run)
  }

  get #now(): number {
    return this.world.kernel.now / 1000
  }

  /** Takes the nickname, however long it takes: the server of a moment ago may still hold it. */
  #register(): void {
    this.#call(
      (machine, now) => machine.register(this.name, now),
      (result) => {
        if (codeOf(result) !== "ok") return this.after(AGAIN_MS, () => this.#register())
        this.isRegistered = true
        this.holds = true
      }
    )
  }

  #call<A>(call: (machine: ClientMachine, now: number) => Ticket<A>, done: (result: unknown) => void): void {
    this.#drive((machine, now) => this.#answers.set(call(machine, now), done))
  }

  #drive(use: (machine: ClientMachine, now: number) => void): void {
    use(this.machine, this.#now)
    this.#again = true
    this.#drain()
  }

  #drain(): void {
    if (this.#isDraining) return
    this.#isDraining = true
    for (let more = true; more; ) {
      this.#again = false
      this.#tell()
      more = this.#transmit() || this.#again
    }
    this.#writeDown()
    this.#isDraining = false
    this.#alarm(this.machine.pollTimeout())
  }

  #tell(): void {
    const { machine } = this
    const now = this.#now
    for (let output = machine.pollEvent(now); output !== undefined; output = machine.pollEvent(now)) this.#hear(output)
    while (machine.pollHistory() !== undefined);
    for (let answer = machine.pollAnswer(); answer !== undefined; answer = machine.pollAnswer()) {
      const done = this.#answers.get(answer.ticket)
      this.#answers.delete(answer.ticket)
      done?.(answer.result)
    }
  }

  #hear(output: ClientOutput): void {
    if (output._tag === "Ending") this.#drive((machine, now) => machine.close(output.reason, output.message, now))
    if (output._tag !== "Told") return
    const { event, message } = output
    if (event._tag === "Registered") this.holds = true
    if (event._tag === "NickTaken" || event._tag === "ServerLost" || event._tag === "Closed") this.holds = false
    this.ledger.event(this.name, event)
    if (message !== undefined) this.#drive((machine, now) => machine.shown(message, now))
  }

  /** Whether anything has left that more may follow from. */
  #transmit(): boolean {
    const { machine } = this
    const now = this.#now
    let hasSent = false
    for (let packet = machine.pollTransmit(now); packet !== undefined; packet = machine.pollTransmit(now)) {
      hasSent = true
      if (packet.route._tag === "Direct") this.#socket.send(packet.route.endpoint, packet.data)
    }
    for (let output = machine.pollServer(); output !== undefined; output = machine.pollServer()) {
      if (output === "end") this.#connection?.end()
      else if (output === "destroy" || this.#connection?.send(output) === false) this.#connection?.destroy()
    }
    for (let wish = machine.pollWish(); wish !== undefined; wish = machine.pollWish()) this.#fulfil(wish)
    return hasSent
  }

  #writeDown(): void {
    const entries: Array<JournalEntry> = []
    for (let entry = this.machine.pollJournal(); entry !== undefined; entry = this.machine.pollJournal())
      entries.push(entry)
    if (entries.length === 0) return
    for (const entry of entries) {
      const nick = this.machine.conversations.get(entry.peer)?.nick
      if (entry._tag === "Accepted" && nick !== undefined)
        this.#journal.apply({ _tag: "Peer", peer: entry.peer, nick, nextSequence: entry.sequence })
      this.#journal.apply(entry._tag === "Shown" ? { _tag: "Shown", peer: entry.peer, ids: [entry.id] } : entry)
    }
    this.after(0, () =>
      this.#drive((machine, now) => {
        machine.written(entries, now)
        machine.flushed(entries, now)
      })
    )
  }

  #fulfil(wish: Wish): void {
    const later = (run: (machine: ClientMachine, now: number) => void) => this.after(0, () => this.#drive(run))
    switch (wish._tag) {
      case "Dial":
        this.after(0, () => this.#dial())
        return
      case "OpenProfile":
        later((machine, now) => machine.profileOpened(this.#profile, now))
        return
      case "DropProfile":
        later((machine, now) => machine.profileDropped(now))
        return
      case "ReadAddresses":
        later((machine, now) => machine.handleAddresses(this.world.network.interfacesOf(this.host), now))
    }
  }

  #dial(): void {
    const failed = (message: string) => this.#drive((machine, now) => machine.handleDisconnected(message, now))
    dialSync(
      this.world.network,
      this.host,
      this.#process,
      { host: "server", port: PORT },
      (connection) => {
        this.#connection = connection
        this.#drive((machine, now) => machine.handleConnected(connection.local, connection.remote, now))
        return {
          onData: (data) => this.#drive((machine, now) => machine.handleServerBytes(data, now)),
          onClose: (reason) => {
            this.#connection = undefined
            failed(reason)
          }
        }
      },
      ({ message }) => failed(message)
    )
  }

  /** Shows the ledger every packet before it is sealed. */
  #watchedCrypto(): Crypto {
    const { crypto } = this.world
    return {
      ...crypto,
      seal: (key, counter, additional, plaintext, out) => {
        this.ledger.sealed(this.name, plaintext)
        crypto.seal(key, counter, additional, plaintext, out)
      }
    }
  }
}

const codeOf = (result: unknown): string => (result instanceof Error ? (result as ClientError)._tag : "ok")

/** As people do who are told that their nickname is taken. */
const AGAIN_MS = 5_000
