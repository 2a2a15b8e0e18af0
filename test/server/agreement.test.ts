import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { describe, expect, it } from "vitest"
import { Bans } from "../../src/core/rendezvous/Bans.js"
import { RANDOM_BYTES, Tokens } from "../../src/core/rendezvous/Tokens.js"
import * as Nickname from "../../src/domain/Nickname.js"
import { crypto } from "../../src/layers/node/Crypto.js"
import * as Message from "../../src/protocol/NodeMessage.js"
import type { NodeEntry } from "../../src/protocol/SharedNames.js"
import { Agreement, type Reach } from "../../src/server/Agreement.js"
import type { Answer, OperatorQuestion } from "../../src/server/Mesh.js"
import { Rng } from "../../src/sim/kernel/Rng.js"
import { some } from "../support/Effort.js"

const SEEDS = Array.from({ length: some(200, 40) }, (_, seed) => seed)
const START = 1_700_000_000_000

/** Nodes that say and ask each other things, which are late, overtake each other, and may be lost. */
class World {
  now = 0
  loss = 0
  /** ms that what is said is under way, at most. */
  slowest = 600
  readonly nodes = new Map<string, Place>()
  readonly rng: Rng
  #events: Array<{ readonly at: number; readonly run: () => void }> = []
  #started = 0

  constructor(seed: number) {
    this.rng = new Rng(seed)
  }

  pick(count: number): number {
    return Math.floor(this.rng.unit() * count)
  }

  /** A node with these files, whose clock is wrong by so much. */
  start(files: { readonly bans: string; readonly tokens: string } = { bans: "", tokens: "" }, skew = 0): Place {
    const place = new Place(this, `node${this.#started++}`, files, skew)
    this.nodes.set(place.id, place)
    return place
  }

  later(ms: number, run: () => void): void {
    this.#events.push({ at: this.now + ms, run })
  }

  /** Until nothing is on its way. */
  settle(): void {
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      this.now = next.at
      next.run()
    }
  }

  #next() {
    this.#events.sort((a, b) => a.at - b.at)
    return this.#events.shift()
  }
}

class Place {
  readonly id: string
  readonly bans = new Bans()
  readonly tokens = new Tokens(crypto)
  readonly warnings: Array<string> = []
  readonly agreement: Agreement
  readonly #world: World
  readonly #skew: number
  #answer: ((question: OperatorQuestion) => Answer) | undefined

  constructor(
    world: World,
    id: string,
    files: { readonly bans: string; readonly tokens: string },
    skew: number,
    asksForTokens = true
  ) {
    this.id = id
    this.#world = world
    this.#skew = skew
    this.bans.decode(files.bans, this.wall)
    this.tokens.decode(files.tokens)
    const time = { wall: () => this.wall, monotonic: () => world.now }
    const tokens = asksForTokens ? this.tokens : undefined
    const access = { bans: this.bans, tokens, keepsBans: true, save: Effect.void }
    this.agreement = new Agreement(
      { access, kick: () => {}, sessions: () => [], time },
      {
        node: { id, slot: () => 0, nodes: () => new Map([...world.nodes.keys()].map((id) => [id, ENTRY])) },
        mesh: {
          ask: (node, question, done) => this.#ask(node, question as OperatorQuestion, done),
          send: () => true,
          serve: () => {},
          agree: (answer) => {
            this.#answer = answer
          }
        },
        channelSecret: new Uint8Array(32)
      },
      (message) => this.warnings.push(message)
    )
  }

  hear(question: OperatorQuestion): Answer | undefined {
    return this.#answer?.(question)
  }

  get wall(): number {
    return START + this.#world.now + this.#skew
  }

  get files() {
    return { bans: this.bans.encode(), tokens: this.tokens.encode() }
  }

  /** All that counts here. */
  get decided(): unknown {
    return {
      bans: this.bans.all(this.wall).toSorted((a, b) => (a.what < b.what ? -1 : 1)),
      reserved: this.bans.reserved().toSorted(),
      tokens: this.tokens.all().toSorted((a, b) => (a.id < b.id ? -1 : 1))
    }
  }

  /** An operator decides something here. */
  decide(): void {
    const { wall } = this
    const what = `192.0.2.${this.#world.pick(3)}`
    const nickname = Either.getOrThrow(Nickname.parse(["moon", "rnoon", "sun"][this.#world.pick(3)]!))
    const name = ["ann", "bob"][this.#world.pick(2)]!
    const actions = [
      () => this.bans.ban({ what, since: wall, reason: `${this.#world.pick(9)}` }, wall),
      () => this.bans.ban({ what, since: wall, until: wall + this.#world.pick(400) }, wall),
      () => this.bans.allow(what, wall),
      () => this.bans.reserve(nickname, wall),
      () => this.bans.release(nickname, wall),
      () => this.tokens.add(name, this.random(RANDOM_BYTES), wall),
      () => this.tokens.revoke(name, wall)
    ]
    actions[this.#world.pick(actions.length)]!()
  }

  random(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.#world.pick(256))
  }

  #ask(node: string, question: OperatorQuestion, done: (answer: Answer | undefined) => void): void {
    const world = this.#world
    const isLost = () => world.rng.unit() < world.loss
    let isOpen = true
    const finish = (answer: Answer | undefined) => {
      if (isOpen) done(answer)
      isOpen = false
    }
    world.later(500, () => finish(undefined))
    const line = Message.encode({ ...question, id: 1 })
    expect(Buffer.byteLength(line)).toBeLessThanOrEqual(Message.MAX_NODE_LINE)
    if (isLost()) return
    world.later(world.pick(world.slowest), () => {
      const answer = world.nodes.get(node)?.hear(Message.decode(line) as typeof Message.Decided.Type)
      if (answer === undefined || isLost()) return
      const back = Message.encode({ ...answer, id: 1 })
      expect(Buffer.byteLength(back)).toBeLessThanOrEqual(Message.MAX_NODE_LINE)
      world.later(world.pick(100), () => finish(Message.decode(back) as Message.NodeAnswer))
    })
  }
}

const ENTRY: NodeEntry = { id: "", slot: 0, at: "" }

/** Tells until everybody has acknowledged everything. */
const agree = (world: World): void => {
  for (let rounds = 0; rounds < 10; rounds++) {
    for (const place of world.nodes.values()) place.agreement.tell()
    world.settle()
  }
}

describe("nodes of one server", () => {
  it.each(SEEDS)("decide alike, whatever is lost, late or restarted between them (seed %i)", (seed) => {
    const world = new World(seed)
    for (let i = 0; i < 3; i++) world.start(undefined, world.pick(4_000) - 2_000)
    world.loss = 0.4
    for (let step = 0; step < 40; step++) {
      const places = [...world.nodes.values()]
      const place = places[world.pick(places.length)]!
      if (world.pick(10) === 0) {
        // It ends, and another start of it comes with its files, or without.
        world.nodes.delete(place.id)
        world.start(world.pick(2) === 0 ? place.files : undefined)
      } else place.decide()
      place.agreement.tell()
      if (world.pick(3) === 0) world.settle()
    }
    world.settle()
    world.loss = 0
    agree(world)
    const [first, ...others] = [...world.nodes.values()]
    // Past the end of every ban that has one, whichever clock it is looked at by.
    world.now += 10_000
    for (const other of others) expect(other.decided).toEqual(first!.decided)
    // What is decided now counts on all of them, however wrong the clock was of whoever decided before.
    first!.bans.ban({ what: "192.0.2.1", since: 5 }, first!.wall)
    others[0]!.bans.allow("192.0.2.1", 6)
    others[0]!.tokens.revoke("ann", 6)
    agree(world)
    for (const other of others.slice(1)) expect(other.decided).toEqual(others[0]!.decided)
    expect(others[0]!.tokens.all().filter(({ name }) => name === "ann")).toEqual([])
  })

  it.each([0, 1])("hold by the later decision, whichever they hear of first", (first) => {
    const world = new World(first)
    const [one, other] = [world.start(), world.start()]
    one.bans.ban({ what: "192.0.2.1", since: START }, START)
    other.bans.ban({ what: "192.0.2.1", since: START + 1 }, START + 1)
    other.bans.allow("192.0.2.1", START + 2)
    one.bans.ban({ what: "192.0.2.2", since: START + 9 }, START + 9)
    other.bans.ban({ what: "192.0.2.2", since: START + 3, until: START + 4 }, START + 3)
    world.settle()
    for (const place of first === 0 ? [one, other] : [other, one]) {
      place.agreement.tell()
      world.settle()
    }
    agree(world)
    for (const { bans } of [one, other]) expect(bans.all(START)).toEqual([{ what: "192.0.2.2/32", since: START + 9 }])
  })

  it("say how many of them do as was decided, and how many have not answered", () => {
    const world = new World(1)
    const [one, , three] = [world.start(), world.start(), world.start()]
    const reached: Array<Reach> = []
    one.bans.ban({ what: "192.0.2.1", since: START }, START)
    one.agreement.tell((reach) => reached.push(reach))
    world.settle()
    world.loss = 1
    one.bans.allow("192.0.2.1", START)
    one.agreement.tell((reach) => reached.push(reach))
    world.settle()
    world.nodes.delete(three.id)
    world.loss = 0
    one.agreement.tell((reach) => reached.push(reach))
    world.settle()
    expect(reached).toEqual([
      { told: 2, silent: 0 },
      { told: 0, silent: 2 },
      { told: 1, silent: 0 }
    ])
  })

  it("are told of one that lets people in without a token, once, by that one", () => {
    const world = new World(1)
    const careful = world.start()
    const open = new Place(world, "open", { bans: "", tokens: "" }, 0, false)
    world.nodes.set(open.id, open)
    careful.bans.ban({ what: "192.0.2.1", since: START }, START)
    agree(world)
    expect(open.warnings).toEqual([])
    for (let i = 0; i < 2; i++) {
      careful.tokens.add("ann", careful.random(RANDOM_BYTES), START)
      agree(world)
    }
    expect(open.warnings).toHaveLength(1)
    expect([open.bans.all(START).length, careful.warnings.length]).toEqual([1, 0])
  })

  it("tell one that comes everything, however much it is, before it lets anybody in", async () => {
    const world = new World(1)
    world.slowest = 50
    const old = world.start()
    const reason = "\u{1f600}\u0001".repeat(66)
    for (let i = 0; i < 300; i++) old.bans.ban({ what: `192.0.${i >> 8}.${i & 255}`, since: START, reason }, START)
    const token = old.tokens.add("ann", old.random(RANDOM_BYTES), START)!
    const fresh = world.start()
    const caughtUp = Effect.runPromise(fresh.agreement.catchUp)
    // The effect begins in a turn of its own.
    await new Promise((resolve) => setImmediate(resolve))
    world.settle()
    await caughtUp
    expect(fresh.decided).toEqual(old.decided)
    expect(fresh.tokens.holderOf(token)?.name).toBe("ann")
    expect(fresh.bans.all(START)).toHaveLength(300)
  })
})
