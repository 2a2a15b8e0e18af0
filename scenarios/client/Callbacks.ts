import { defaults } from "../../src/server/ServerOptions.js"
import type { Network } from "../../src/sim/network/Network.js"
import { World } from "../../src/sim/World.js"
import { Ledger } from "../product/Ledger.js"
import { NicknameModel } from "../product/NicknameModel.js"
import { PASSING } from "../product/Settling.js"
import { BareClient } from "./BareClient.js"
import { BareServer } from "./BareServer.js"
import { NAMES, type Name, peerOf, type Script, TROUBLE_MS, tell } from "./Script.js"

export interface Played {
  readonly ledger: Ledger
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
    return { ledger: play.ledger, virtualMs: play.world.kernel.now / 1000 }
  } catch (error) {
    const { seed } = script.world
    const replay = `replay: PARLEY_SIM_FIRST=${seed} npx vitest run test/sim/client`
    const at = `seed ${seed}, at ${(play.world.kernel.now / 1000).toFixed(3)} ms`
    throw new Error(`${at}: ${error instanceof Error ? error.message : error}\n${tell(script)}\n${replay}`, {
      cause: error
    })
  }
}

class Play {
  readonly world: World
  readonly ledger = new Ledger()
  readonly #clients: ReadonlyMap<Name, BareClient>
  #server: BareServer | undefined
  #isServing = false
  #lives = 0
  #hasEnded = false
  readonly #startServer: () => void

  constructor(
    private readonly script: Script,
    watch: (network: Network) => void
  ) {
    const { ledger } = this
    this.world = new World(script.world)
    const { kernel, network } = this.world
    watch(network)
    network.rules.add(({ data, from }) => {
      ledger.wire(from, data)
      return "pass"
    })
    const host = this.world.host("server")
    const { graceMs } = defaults
    const broken = (what: string) => ledger.broken("law 1", what)
    this.#startServer = () => {
      // Its nicknames are kept in memory: another life knows of none.
      const model = new NicknameModel({ graceMs, now: () => kernel.now / 1000, punctual: true, broken })
      if (this.#isServing) return
      this.#isServing = true
      // One that still says goodbye makes room.
      this.#server?.kill()
      this.#server = new BareServer(this.world, host, this.#lives++, model)
    }
    this.#startServer()
    this.#clients = new Map(
      NAMES.map((name) => {
        const nat = name === "bob" && script.nat !== undefined ? { nat: script.nat } : {}
        return [name, new BareClient(this.world, this.world.host(name, nat), ledger)]
      })
    )
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
        if (this.#hasEnded) return
        this.#server?.[how]()
        this.#isServing = false
      })
      kernel.after((atMs + forMs) * 1000, this.#startServer)
    }
    for (const { atMs, length, what, who } of this.script.deeds) {
      const client = this.#clients.get(who)!
      const peer = peerOf(who)
      const deed = { ask: () => client.ask(peer), say: () => client.say(peer, length), leave: () => client.leave(peer) }
      client.after(atMs, deed[what])
    }
    this.#pass(TROUBLE_MS)
  }

  /** What must come true once the world is good, as `Settling.settles` has it. */
  settle(): void {
    const clients = [...this.#clients]
    this.world.faults.quiesce()
    this.#hasEnded = true
    this.#startServer()
    this.#until("both have a nickname", () => clients.every(([, client]) => client.isRegistered), 300_000)
    let acquainted = 0
    for (const [name, client] of clients) becomeAcquainted(client, peerOf(name), () => acquainted++)
    this.#until("both are acquainted", () => acquainted === clients.length, 360_000)
    this.#until("all is delivered", () => this.ledger.outstanding.length === 0, 360_000)
    for (const [name, client] of clients) client.say(peerOf(name), 0)
    this.#until("the next is delivered soon", () => this.ledger.outstanding.length === 0, 10_000)
    this.#until("both hold their nickname", () => clients.every(([, client]) => client.holds), 60_000)
  }

  #until(what: string, isSo: () => boolean, ms: number): void {
    const end = this.world.kernel.now + ms * 1000
    while (!isSo()) {
      if (this.world.kernel.now >= end) throw new Error(`not within ${ms} ms: ${what}`)
      this.#pass(LOOK_MS)
    }
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
