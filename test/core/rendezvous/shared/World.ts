import * as Either from "effect/Either"
import { EngineModel } from "../../../../scenarios/support/EngineModel.js"
import type { RegistryChange } from "../../../../src/core/rendezvous/RegistryMachine.js"
import { SharedNames } from "../../../../src/core/rendezvous/shared/SharedNames.js"
import * as Nickname from "../../../../src/domain/Nickname.js"
import type { Registration, SessionId, VerifiedIdentity } from "../../../../src/domain/Registration.js"
import type { EngineAnswer, EngineCall } from "../../../../src/protocol/SharedNames.js"
import { Rng } from "../../../../src/sim/kernel/Rng.js"
import { fingerprint } from "../../../support/ids.js"

export const GRACE_MS = 20_000

/** An engine whose replica is behind, that fails over, restarts empty, and cannot be reached; and nodes that use it. */
export class World {
  now = 0
  engine = new EngineModel()
  primary = "primary 0"
  isUp = true
  readonly nodes: Array<SimNode> = []
  readonly history: Array<Claimed> = []
  /** Fail-overs, restarts without a disk: when claims may have been lost. */
  readonly losses: Array<number> = []
  readonly #rng: Rng
  /** Everything the primary was asked, which its replica has learned but for the last ones. */
  #told: Array<{ readonly call: EngineCall; readonly wall: number }> = []
  #skew = 0
  #events: Array<{ readonly at: number; readonly order: number; readonly run: () => void }> = []
  #order = 0
  #primaries = 0

  constructor(seed: number) {
    this.#rng = new Rng(seed)
  }

  random(below = 1): number {
    return this.#rng.unit() * below
  }

  pick(count: number): number {
    return Math.floor(this.random(count))
  }

  later(ms: number, run: () => void): void {
    this.#events.push({ at: this.now + ms, order: this.#order++, run })
  }

  /** Lets so much time pass. */
  run(ms: number): void {
    const until = this.now + ms
    for (;;) {
      const timeouts = this.nodes.flatMap(({ machine, isAlive }) => (isAlive ? (machine.pollTimeout() ?? []) : []))
      this.#events.sort((a, b) => a.at - b.at || a.order - b.order)
      const next = Math.min(this.#events[0]?.at ?? Number.POSITIVE_INFINITY, ...timeouts)
      if (next > until) break
      this.now = Math.max(this.now, next)
      const event = this.#events[0]
      if (event !== undefined && event.at <= this.now) {
        this.#events.shift()
        event.run()
      } else
        for (const node of this.nodes) {
          if (!node.isAlive || (node.machine.pollTimeout() ?? Number.POSITIVE_INFINITY) > this.now) continue
          node.machine.handleTimeout(this.now)
          node.drain()
        }
    }
    this.now = until
  }

  ask(call: EngineCall): EngineAnswer {
    this.#told.push({ call, wall: this.now + this.#skew })
    return this.engine.call(call, this.now + this.#skew)
  }

  /** The replica takes over, without the last `lost` things that the primary has answered. */
  failOver(lost: number): void {
    this.losses.push(this.now)
    const replica = new EngineModel()
    this.#told = this.#told.slice(0, Math.max(0, this.#told.length - lost))
    for (const { call, wall } of this.#told) replica.call(call, wall)
    this.engine = replica
    // Another machine, whose clock is wrong by some seconds.
    this.#skew = this.random(20_000) - 10_000
    this.#become()
  }

  /** Starts anew, with nothing. */
  forget(): void {
    this.losses.push(this.now)
    this.#told = []
    this.engine = new EngineModel()
    this.#become()
  }

  goDown(): void {
    this.isUp = false
    for (const node of this.nodes) node.lose()
  }

  comeUp(): void {
    this.isUp = true
    for (const node of this.nodes) node.later(() => node.find())
  }

  addNode(): SimNode {
    const node = new SimNode(this, this.nodes.length)
    this.nodes.push(node)
    node.later(() => node.find())
    return node
  }

  #become(): void {
    this.primary = `primary ${++this.#primaries}`
    for (const node of this.nodes) {
      node.lose()
      if (this.isUp) node.later(() => node.find())
    }
  }
}

/** A claim that was granted, and when it was asked for and answered. */
export interface Claimed {
  readonly node: SimNode
  readonly registration: Registration
  readonly from: number
  readonly to: number
}

export class SimNode {
  readonly id: string
  readonly machine: SharedNames
  isAlive = true
  isConnected = false
  /** What the sessions that live here have, as they were told. */
  readonly sessions = new Map<SessionId, Registration>()
  readonly waiting = new Set<SessionId>()
  /** Sessions that made a claim and did not hear what came of it: it may have been granted. */
  readonly uncertain = new Set<SessionId>()
  /** Who is here, as subscribers hear of it. */
  readonly directory = new Map<string, Registration>()
  readonly replaced: Array<SessionId> = []
  versions: Array<number> = []
  readonly #world: World
  #tickets = 0
  #counter = 0
  readonly #claims = new Map<number, (registration: Registration | undefined, isAnswered: boolean) => void>()
  #connection = 0
  #followed = 0
  /** What is on its way to the engine keeps its order, and so does what comes back. */
  #sentUntil = 0
  #backUntil = 0

  constructor(world: World, index: number) {
    this.#world = world
    this.id = `node${index}`
    this.machine = new SharedNames({
      node: this.id,
      at: "",
      limits: { graceMs: GRACE_MS, maxNames: 1000, reserved: [] },
      keeps: false,
      random: () => world.random(),
      generation: () => `generation ${world.random()}`
    })
  }

  later(run: () => void): void {
    this.#world.later(this.#world.random(40), () => {
      if (this.isAlive) run()
    })
  }

  /** Finds the engine. */
  find(): void {
    if (!this.#world.isUp || this.isConnected || !this.isAlive) return
    this.isConnected = true
    this.machine.handleState(this.#world.primary, this.#world.now)
    this.drain()
  }

  /** The connection to the engine breaks: what was on it may have arrived, its answers have not. */
  lose(): void {
    if (!this.isConnected) return
    this.isConnected = false
    this.#connection++
    if (!this.isAlive) return
    this.machine.handleState(undefined, this.#world.now)
    this.drain()
  }

  /** Ends without a word. */
  kill(): void {
    this.isAlive = false
    this.#connection++
    this.sessions.clear()
  }

  connect(): SessionId {
    return `${this.id}.${++this.#counter}` as SessionId
  }

  claim(session: SessionId, nick: string, identity: VerifiedIdentity | undefined, resume?: string): void {
    const from = this.#world.now
    const ticket = ++this.#tickets
    const wasCertain = !this.uncertain.has(session)
    this.waiting.add(session)
    this.uncertain.add(session)
    this.#claims.set(ticket, (registration, isAnswered) => {
      this.waiting.delete(session)
      if (isAnswered && wasCertain) this.uncertain.delete(session)
      if (registration === undefined) return
      this.sessions.set(session, registration)
      this.#world.history.push({ node: this, registration, from, to: this.#world.now })
    })
    const fresh = `token ${this.id} ${ticket}`
    const tokens = { fresh, freshHash: `#${fresh}`, shownHash: resume === undefined ? "" : `#${resume}` }
    const nickname = Either.getOrThrow(Nickname.parse(nick))
    const where = { address: "192.0.2.1:1", endpoints: [] }
    this.machine.claim({ session, nickname, identity, resume, ...where }, tokens, ticket, this.#world.now)
    this.drain()
  }

  release(session: SessionId, hold: boolean): void {
    this.sessions.delete(session)
    this.machine.release(session, hold)
    this.drain()
  }

  drain(): void {
    for (let output = this.machine.poll(); output !== undefined; output = this.machine.poll()) {
      if (output._tag === "Call") this.#ask(output.id, output.call)
      else if (output._tag === "Follow") this.#follow(Number.parseInt(output.after, 10))
      else if (output._tag === "Event") this.#tell(output.event)
      else if (output._tag === "Claimed") {
        const { answer } = output
        const registration = answer === undefined || "_tag" in answer ? undefined : answer
        this.#claims.get(output.ticket)?.(registration, answer !== undefined)
      }
    }
  }

  #tell(event: RegistryChange): void {
    if (event._tag === "Replaced") {
      this.replaced.push(event.session)
      this.sessions.delete(event.session)
      this.machine.release(event.session, true)
      return
    }
    if (event.version !== undefined) this.versions.push(event.version)
    if (event._tag === "Owned") this.directory.set(event.registration.nickname.key, event.registration)
    else this.directory.delete(event.key)
  }

  #ask(id: number, call: EngineCall): void {
    const world = this.#world
    const connection = this.#connection
    const unanswered = () =>
      world.later(0, () => {
        if (!this.isAlive) return
        this.machine.handleAnswer(id, undefined, world.now)
        this.drain()
      })
    if (!this.isConnected) {
      unanswered()
      return
    }
    this.#sentUntil = Math.max(this.#sentUntil, world.now + world.random(3))
    world.later(this.#sentUntil - world.now, () => {
      // What the connection had taken may arrive although it is broken now; or not.
      const isBroken = connection !== this.#connection
      if (isBroken && (!world.isUp || world.random() < 0.5)) {
        unanswered()
        return
      }
      const answer = world.ask(call)
      this.#backUntil = Math.max(this.#backUntil, world.now + world.random(3))
      world.later(this.#backUntil - world.now, () => {
        if (!this.isAlive) return
        this.machine.handleAnswer(id, connection === this.#connection ? answer : undefined, world.now)
        this.drain()
      })
    })
  }

  #follow(after: number): void {
    const world = this.#world
    const mine = ++this.#followed
    const connection = this.#connection
    let last = after
    const poll = () => {
      if (mine !== this.#followed || connection !== this.#connection || !this.isAlive) return
      // The log is trimmed now and then.
      const from = world.random() < 0.002 ? last + 3 : last
      const entries = world.engine.log.slice(from)
      if (entries.length > 0) {
        last = Number.parseInt(entries.at(-1)!.at, 10)
        this.machine.handleEntries(entries, world.now)
        this.drain()
      }
      world.later(1 + world.random(10), poll)
    }
    world.later(world.random(3), poll)
  }
}

export const identity = (name: string): VerifiedIdentity => ({
  key: `key-${name}`,
  fingerprint: fingerprint(`print-${name}`),
  record: `record-${name}`
})
