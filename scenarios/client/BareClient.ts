import type { ClientError } from "../../src/core/client/ClientError.js"
import { ClientMachine } from "../../src/core/client/ClientMachine.js"
import type { ClientOutput, Ticket, Wish } from "../../src/core/client/Output.js"
import type { JournalEntry } from "../../src/core/peer/Journal.js"
import type { Crypto } from "../../src/domain/Crypto.js"
import type { Connection } from "../../src/services/Connection.js"
import type { Process } from "../../src/sim/kernel/Process.js"
import type { Host } from "../../src/sim/network/Host.js"
import { dialSync } from "../../src/sim/network/TcpDialer.js"
import { type BoundSocket, bindSync } from "../../src/sim/network/Udp.js"
import type { World } from "../../src/sim/World.js"
import type { GroupLedger } from "../product/GroupLedger.js"
import type { Ledger } from "../product/Ledger.js"
import { alarmOn } from "../support/Alarm.js"
import type { BarePerson } from "./BarePerson.js"
import { PORT } from "./BareServer.js"
import type { Person } from "./Script.js"

/**
 * One life of a client's machine as plain callbacks on a simulated machine, with its user: no fiber, no promise, no
 * services. What the user does and sees is told to the ledger. It has no local network and no router that forwards
 * ports.
 */
export class BareClient {
  readonly machine: ClientMachine
  /** Whether the nickname was ever granted. */
  isRegistered = false
  /** Whether the user has reason to believe that the nickname is theirs at this moment. */
  holds = false
  /** When something last came from the server, in virtual ms; -1 before. */
  heardAt = -1
  readonly #sockets = new Map<number | undefined, BoundSocket>()
  readonly #alarm: (at: number | undefined) => void
  readonly #answers = new Map<Ticket<unknown>, (result: unknown) => void>()
  #connection: Connection | undefined
  #isDraining = false
  /** Something was done to the machine since the drain began. */
  #again = false
  /** What the user has to look at yet; the first of them is on the screen. */
  readonly #unread: Array<Told> = []
  #unflushed: Array<JournalEntry> = []
  #isFlushing = false
  #onGone: (() => void) | undefined

  constructor(
    private readonly world: World,
    private readonly host: Host,
    private readonly process: Process,
    private readonly ledger: Ledger,
    private readonly groups: GroupLedger,
    private readonly owner: BarePerson,
    private readonly person: Person
  ) {
    const { kernel, network } = world
    const entropy = process.rng.fork("entropy")
    const random = (length: number) => entropy.fill(new Uint8Array(length))
    this.#alarm = alarmOn(process, (now) => {
      this.machine.handleTimeout(now)
      this.#drain()
    })
    this.#bind(undefined)
    this.machine = new ClientMachine({
      crypto: this.#watchedCrypto(),
      random,
      wallNow: () => process.clock.wall(kernel.now) / 1000,
      now: this.#now,
      servers: [{ name: `server:${PORT}` }],
      lan: false,
      token: undefined,
      calls: { acceptCalls: "everyone", answer: "nobody" },
      path: person.path ?? "prefer-direct",
      stunServers: 0,
      portMapping: false,
      portGuessing: person.guesses === true,
      inbox: true,
      ports: { ipv4: this.#sockets.get(undefined)!.socket.local.port, ipv6: undefined },
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

  /** Makes the group of these people, whom the user asks for; in vain when somebody is not there. */
  gather(peers: ReadonlyArray<string>): void {
    let left = peers.length
    for (const peer of peers)
      this.ask(peer, (code) => {
        if (code !== "ok" || --left > 0) return
        if (this.machine.groups.find(GROUP) === undefined)
          this.#drive((machine, now) => machine.inGroups((groups) => groups.make(GROUP, peers, now), now))
      })
  }

  /** Joins the group, if there is one: consent to talk to everybody in it. */
  join(): void {
    this.#drive((machine, now) => {
      const members =
        machine.groups.find(GROUP) === undefined ? [] : machine.groups.info(machine.groups.find(GROUP)!).members
      for (const { nick } of members) this.ledger.consents(this.name, nick)
      machine.inGroups((groups) => groups.join(GROUP, now), now)
    })
  }

  /** Says something to the group, if this user is in it. */
  tell(length: number): void {
    const text = this.groups.compose(this.name, "x".repeat(length))
    this.#drive((machine, now) => {
      const sent = machine.inGroups((groups) => groups.send(GROUP, text, now), now)
      if (!("_tag" in sent)) this.groups.accepted(text, sent.id, sent.to)
    })
  }

  /** Leaves the group. */
  depart(): void {
    this.#drive((machine, now) => machine.inGroups((groups) => groups.leave(GROUP, now), now))
  }

  /** Leaves. `done` is called when the server has heard it, or has not in half a second. */
  quit(done: () => void): void {
    // What is on the screen counts as read.
    this.#look()
    this.#onGone = done
    this.#drive((machine, now) => machine.close("exit", "you left", now))
    if (this.#connection === undefined) done()
    else this.after(GOODBYE_MS, done)
  }

  /** Calls back after `ms` of this machine's time. */
  after(ms: number, run: () => void): void {
    this.process.after(ms * 1000, run)
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
      this.#writeDown()
      more = this.#transmit() || this.#again
    }
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
    this.#unread.push(output)
    if (this.#unread.length === 1) this.#read()
  }

  /** Looks at what is there, one thing after the other, at each message for as long as this user does. */
  #read(): void {
    for (let next = this.#unread[0]; next !== undefined; next = this.#unread[0]) {
      const { readingMs = 0 } = this.person
      if (next.event._tag === "Message" && readingMs > 0) {
        const message = next
        this.after(readingMs, () => {
          if (this.#unread[0] !== message) return
          this.#look()
          this.#read()
        })
        return
      }
      this.#look()
    }
  }

  /** Is done with what is on the screen. */
  #look(): void {
    const told = this.#unread.shift()
    if (told === undefined) return
    const { event, message } = told
    if (event._tag === "Registered") this.holds = true
    if (event._tag === "NickTaken" || event._tag === "ServerLost" || event._tag === "Closed") this.holds = false
    if (event._tag === "Message" && this.groups.isOfGroup(event.text))
      this.groups.shown(this.name, event.from, event.text)
    else if (event._tag === "Delivered" && event.group !== undefined)
      this.groups.delivered(this.name, event.nick, event.id)
    else this.ledger.event(this.name, event)
    if (message !== undefined) this.#drive((machine, now) => machine.shown(message, now))
  }

  /** Whether anything has left that more may follow from. */
  #transmit(): boolean {
    const { machine } = this
    const now = this.#now
    let hasSent = false
    for (let packet = machine.pollTransmit(now); packet !== undefined; packet = machine.pollTransmit(now)) {
      hasSent = true
      if (packet.route._tag === "Direct")
        this.#sockets.get(packet.route.socket)?.socket.send(packet.route.endpoint, packet.data)
    }
    for (let output = machine.pollServer(); output !== undefined; output = machine.pollServer()) {
      if (output === "end") this.#connection?.end()
      else if (output === "destroy" || this.#connection?.send(output) === false) this.#connection?.destroy()
    }
    for (let wish = machine.pollWish(); wish !== undefined; wish = machine.pollWish()) this.#fulfil(wish)
    return hasSent
  }

  /** Has everything written down that is not yet: what waits for it leaves in what follows. */
  #writeDown(): void {
    const entries: Array<JournalEntry> = []
    for (let entry = this.machine.pollJournal(); entry !== undefined; entry = this.machine.pollJournal())
      entries.push(entry)
    if (entries.length === 0) return
    this.owner.journal.write(entries, (peer) => this.machine.conversations.get(peer)?.nick)
    this.#unflushed.push(...entries)
    this.machine.written(entries, this.#now)
    if (!this.#isFlushing) this.#flush()
  }

  #flush(): void {
    const { journal, disk } = this.owner
    const batch = this.#unflushed
    this.#unflushed = []
    this.#isFlushing = batch.length > 0
    if (!this.#isFlushing) return
    const { length } = journal
    this.after((this.person.flushMs ?? 0) + disk.delayMs, () => {
      journal.flushed(length)
      this.#drive((machine, now) => machine.flushed(batch, now))
      this.#flush()
    })
  }

  #fulfil(wish: Wish): void {
    const later = (run: (machine: ClientMachine, now: number) => void) => this.after(0, () => this.#drive(run))
    switch (wish._tag) {
      case "Dial":
        this.after(0, () => this.#dial())
        return
      case "OpenProfile":
        later((machine, now) => machine.profileOpened(this.owner.profile, now))
        return
      case "DropProfile":
        later((machine, now) => machine.profileDropped(now))
        return
      case "ReadAddresses":
        later((machine, now) => machine.handleAddresses(this.world.network.interfacesOf(this.host), now))
        return
      case "OpenSockets": {
        const opened = wish.sockets.filter((number) => this.#bind(number))
        later((machine, now) => machine.handleOpened(opened, now))
        return
      }
      case "CloseSockets":
        for (const number of wish.sockets) {
          this.#sockets.get(number)?.close()
          this.#sockets.delete(number)
        }
    }
  }

  #dial(): void {
    const failed = (message: string) => this.#drive((machine, now) => machine.handleDisconnected(message, now))
    dialSync(
      this.world.network,
      this.host,
      this.process,
      { host: "server", port: PORT },
      (connection) => {
        this.#connection = connection
        this.#drive((machine, now) => machine.handleConnected(connection.local, connection.remote, now))
        return {
          onData: (data) => {
            this.heardAt = this.#now
            this.#drive((machine, now) => machine.handleServerBytes(data, now))
          },
          onClose: (reason) => {
            this.#connection = undefined
            failed(reason)
            this.#onGone?.()
          }
        }
      },
      ({ message }) => failed(message)
    )
  }

  /** Whether the system grants a socket under this number. */
  #bind(number: number | undefined): boolean {
    const bound = bindSync(this.world.network, this.host, this.process, {
      family: "ipv4",
      port: 0,
      onDatagram: (from, data) => this.machine.handleDatagram(from, data, this.#now, number),
      onIdle: () => this.#drain()
    })
    if (!("socket" in bound)) return false
    this.#sockets.set(number, bound)
    return true
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

type Told = ClientOutput & { readonly _tag: "Told" }

const codeOf = (result: unknown): string => (result instanceof Error ? (result as ClientError)._tag : "ok")

/** The name of the only group. */
const GROUP = "club"

/** As people do who are told that their nickname is taken. */
const AGAIN_MS = 5_000
/** A goodbye that was not heard by then is not waited for. */
const GOODBYE_MS = 500
