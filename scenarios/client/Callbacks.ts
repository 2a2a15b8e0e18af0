import { defaults } from "../../src/server/ServerOptions.js"
import * as Nat from "../../src/sim/network/Nat.js"
import type { Network } from "../../src/sim/network/Network.js"
import { type HostOptions, World } from "../../src/sim/World.js"
import { GroupLedger } from "../product/GroupLedger.js"
import { Ledger } from "../product/Ledger.js"
import { NicknameModel } from "../product/NicknameModel.js"
import { PASSING } from "../product/Settling.js"
import type { BareClient } from "./BareClient.js"
import { BarePerson } from "./BarePerson.js"
import { ServerMachine } from "./BareServer.js"
import { type Deed, isPunctual, type Person, type Script, tell } from "./Script.js"

export interface Played {
  readonly ledger: Ledger
  readonly groups: GroupLedger
  readonly virtualMs: number
}

/**
 * Plays a script with clients' machines and a server as plain callbacks on the kernel, and then demands that everything
 * comes right: no fiber, no promise, no sandbox. Throws when a law is broken, with all that happened and how to see it
 * again.
 */
export const play = (script: Script, watch: (network: Network) => void = () => {}): Played => {
  const play = new Play(script, watch)
  try {
    play.suffer()
    play.settle()
    return { ledger: play.ledger, groups: play.groups, virtualMs: play.world.kernel.now / 1000 }
  } catch (error) {
    const { seed } = script.world
    const at = `seed ${seed}, at ${(play.world.kernel.now / 1000).toFixed(3)} ms`
    throw new Error(
      `${at}: ${error instanceof Error ? error.message : error}\n${tell(script)}\nreplay: ${script.replay}`,
      {
        cause: error
      }
    )
  }
}

class Play {
  readonly world: World
  readonly ledger = new Ledger()
  readonly groups = new GroupLedger(this.ledger)
  readonly #people: ReadonlyArray<BarePerson>
  readonly #server: ServerMachine
  #hasEnded = false

  constructor(
    private readonly script: Script,
    watch: (network: Network) => void
  ) {
    const { ledger } = this
    this.world = new World(script.world)
    const { kernel, network } = this.world
    watch(network)
    const hidden = new Set(script.people.flatMap(({ name, path }) => (path === "relay-only" ? [name] : [])))
    network.rules.add(({ data, from, to }) => {
      ledger.wire(from, data)
      if (hidden.has(from) && to !== "server") ledger.broken("paths", `${from} shows itself to ${to}`)
      return "pass"
    })
    const { graceMs } = defaults
    const broken = (what: string) => ledger.broken("law 1", what)
    const now = () => kernel.now / 1000
    const newModel = () => new NicknameModel({ graceMs, now, punctual: isPunctual(script), broken })
    this.#server = new ServerMachine(this.world, this.world.host("server"), newModel)
    this.#people = script.people.map((person) => {
      const host = this.world.host(person.name, this.#place(person))
      return new BarePerson(this.world, host, ledger, this.groups, person)
    })
  }

  /** What the seed says goes wrong, while people do what it says they do. */
  suffer(): void {
    const { faults, kernel } = this.world
    for (const { atMs, fault, forMs } of this.script.faults) {
      kernel.after(atMs * 1000, () => {
        const end = faults.begin(fault)
        kernel.after(forMs * 1000, end)
      })
    }
    for (const { atMs, forMs, how } of this.script.outages) {
      kernel.after(atMs * 1000, () => {
        if (!this.#hasEnded) this.#server[how]()
      })
      kernel.after((atMs + forMs) * 1000, () => this.#server.boot())
    }
    for (const deed of this.script.deeds) kernel.after(deed.atMs * 1000, () => this.#do(deed))
    this.#pass(this.script.troubleMs)
  }

  /** What must come true once the world is good, as `Settling.settles` has it. */
  settle(): void {
    this.world.faults.quiesce()
    const goodFrom = this.world.kernel.now / 1000
    this.#hasEnded = true
    this.#server.boot()
    for (const person of this.#people) person.boot()
    const clients = this.#people.map(({ client }) => client!)
    this.#until("all have a nickname", () => clients.every(({ isRegistered }) => isRegistered), 300_000)
    const pairs = clients.flatMap((client) =>
      clients.filter((peer) => peer !== client).map((peer) => [client, peer.name] as const)
    )
    let acquainted = 0
    for (const [client, peer] of pairs) becomeAcquainted(client, peer, () => acquainted++)
    this.#until("all are acquainted", () => acquainted === pairs.length, 360_000)
    this.#until("all is delivered", () => this.#isDelivered, 360_000)
    const { idleMs, patienceMs } = this.script
    if (patienceMs > 0)
      this.#until("all have heard the server", () => clients.every(({ heardAt }) => heardAt >= goodFrom), patienceMs)
    this.#pass(idleMs)
    for (const [client, peer] of pairs) client.say(peer, 0)
    for (const client of clients) client.tell(0)
    this.#until("the next is delivered soon", () => this.#isDelivered, 10_000)
    this.#until("all hold their nickname", () => clients.every(({ holds }) => holds), 60_000)
  }

  get #isDelivered(): boolean {
    return this.ledger.outstanding.length === 0 && this.groups.outstanding === 0
  }

  #place({ nat }: Person): HostOptions {
    if (nat === undefined) return {}
    const [{ name: first }] = this.script.people as [Person]
    // The router of the first person, where there is one, and one for both otherwise.
    if (nat === "home") return { nat: this.world.routers.get(`${first}/router`) ?? Nat.portRestricted }
    return { nat }
  }

  #do({ length, to, what, who }: Deed): void {
    const person = this.#people.find(({ name }) => name === who)!
    const { client } = person
    if (client === undefined || person.process.state === "paused") return
    if (what === "ask") client.ask(to)
    if (what === "say") client.say(to, length)
    if (what === "leave") client.leave(to)
    if (what === "gather") client.gather(this.#people.flatMap(({ name }) => (name === who ? [] : [name])))
    if (what === "join") client.join()
    if (what === "tell") client.tell(length)
    if (what === "depart") client.depart()
    if (what !== "quit") return
    person.quit()
    this.world.kernel.after(length * 1000, () => person.boot())
  }

  #until(what: string, isSo: () => boolean, ms: number): void {
    const end = this.world.kernel.now + ms * 1000
    while (!isSo()) {
      if (this.world.kernel.now >= end) throw new Error(`not within ${ms} ms: ${what}${this.#left}`)
      this.#pass(LOOK_MS)
    }
  }

  /** What is still to be delivered, for whoever looks into a failure. */
  get #left(): string {
    const lines = this.ledger.outstanding.map(({ from, shownTo, text, to }) => {
      const shown = shownTo.size === 0 ? "" : ", which is shown"
      return `; ${from} to ${to}: ${text.slice(0, 20)}${shown}`
    })
    return `${lines.join("")}; ${this.groups.outstanding} to groups`
  }

  /** Lets time pass; ends at the first law that is broken, give or take `LOOK_MS`. */
  #pass(ms: number): void {
    const { kernel } = this.world
    for (const end = kernel.now + ms * 1000; kernel.now < end; ) {
      kernel.drive(Math.min(end, kernel.now + LOOK_MS * 1000))
      if (kernel.failure !== undefined) throw kernel.failure
      if (this.ledger.problem !== undefined) throw new Error(this.ledger.problem)
    }
  }
}

/** Asks until the answer is yes. */
const becomeAcquainted = (client: BareClient, peer: string, done: () => void): void =>
  client.ask(peer, (code) => {
    if (code === "ok") return done()
    if (!PASSING.has(code)) throw new Error(`${client.name} asks for ${peer}: ${code}`)
    client.after(2_000, () => becomeAcquainted(client, peer, done))
  })

/** Virtual ms between two looks at whether something has come true. */
const LOOK_MS = 50
