import { describe, expect, it } from "vitest"
import type { SessionId } from "../../../../src/domain/Registration.js"
import { some } from "../../../support/Effort.js"
import { type Claimed, GRACE_MS, identity, type SimNode, World } from "./World.js"

const SEEDS = some(200, 3)

describe("names of several nodes, in an engine that may fail", () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    it(`has one owner for each name, whatever breaks but the engine's memory: seed ${seed}`, () => {
      const run = new Run(seed, { loses: false })
      run.play()
      run.expectWhole()
      run.expectLinear()
    })

    it(`repairs what a fail-over has lost, and tells those who lost a name by it: seed ${seed}`, () => {
      const run = new Run(seed, { loses: true })
      run.play()
      run.expectWhole()
      run.expectBrief()
    })
  }

  it("holds the names of a node that was killed for their owners, who need not wait", () => {
    const world = new World(1)
    const [first, second] = [world.addNode(), world.addNode()]
    world.run(5_000)
    const session = first.connect()
    first.claim(session, "alice", identity("a"))
    world.run(100)
    first.kill()
    const other = second.connect()
    second.claim(other, "alice", identity("b"))
    world.run(100)
    expect(second.sessions.has(other)).toBe(false)
    const own = second.connect()
    second.claim(own, "alice", identity("a"))
    world.run(100)
    expect(second.sessions.get(own)?.nickname.text).toBe("alice")
    second.release(own, true)
    const anonymous = first.connect()
    expect(anonymous).not.toBe(session)
    world.run(GRACE_MS + 5_000)
    second.claim(other, "alice", identity("b"))
    world.run(100)
    expect(second.sessions.has(other)).toBe(true)
  })

  it("lets nobody take a held name while the engine is away, however long", () => {
    const world = new World(2)
    const [first, second] = [world.addNode(), world.addNode()]
    world.run(5_000)
    const session = first.connect()
    first.claim(session, "alice", identity("a"))
    world.run(100)
    first.release(session, true)
    world.run(1_000)
    world.goDown()
    world.run(10 * GRACE_MS)
    expect(second.machine.isReachable(world.now)).toBe(false)
    world.comeUp()
    world.run(5_000)
    const other = second.connect()
    second.claim(other, "alice", undefined)
    world.run(100)
    expect(second.sessions.has(other)).toBe(false)
    const own = second.connect()
    second.claim(own, "alice", identity("a"))
    world.run(100)
    expect(second.sessions.has(own)).toBe(true)
  })
})

/** A life of some nodes, drawn from a seed, and what must be true of it. */
class Run {
  readonly world: World
  readonly #loses: boolean
  readonly #seed: number
  readonly #ended = new Map<SessionId, { readonly at: number; readonly isHeld: boolean }>()
  readonly #resumes: Array<string> = []
  /** The longest time for which two sessions of different owners both believed to have a name, ms. */
  shared = 0
  readonly #since = new Map<string, number>()

  constructor(seed: number, { loses }: { readonly loses: boolean }) {
    this.#seed = seed
    this.#loses = loses
    this.world = new World(seed)
  }

  play(): void {
    const { world } = this
    for (let i = 0; i < 2 + world.pick(2); i++) world.addNode()
    world.run(5_000)
    for (let step = 0; step < 300; step++) {
      this.#act()
      for (let i = 0; i < 4; i++) {
        world.run(world.random(100))
        this.#look()
      }
    }
    world.comeUp()
    for (let i = 0; i < 400; i++) {
      world.run(50)
      this.#look()
    }
  }

  #act(): void {
    const { world } = this
    const living = world.nodes.filter(({ isAlive }) => isAlive)
    const node = living[world.pick(living.length)]!
    const kind = world.random()
    if (kind < 0.5) this.#come(node)
    else if (kind < 0.8) this.#go(node)
    else if (kind < 0.86) {
      node.lose()
      node.later(() => node.find())
    } else if (kind < 0.88 && living.length > 1) this.#kill(node)
    else if (kind < 0.91 && living.length < 4) world.addNode()
    else if (kind < 0.93) {
      world.goDown()
      world.later(world.random(15_000), () => world.comeUp())
    } else if (this.#loses && kind < 0.96) world.failOver(world.pick(12))
    else if (this.#loses && kind < 0.963) world.forget()
  }

  #come(node: SimNode): void {
    const { world } = this
    const session = node.sessions.size > 0 && world.random() < 0.2 ? [...node.sessions.keys()][0]! : node.connect()
    if (node.waiting.has(session)) return
    const nick = NICKS[world.pick(NICKS.length)]!
    const who = world.pick(4)
    const resume = this.#resumes[world.pick(this.#resumes.length + 1)]
    node.claim(session, nick, who === 0 ? undefined : identity(String(who)), resume)
  }

  #go(node: SimNode): void {
    const { world } = this
    const all = [...node.sessions.keys()]
    const session = all[world.pick(all.length + 1)]
    if (session === undefined) return
    const registration = node.sessions.get(session)!
    this.#resumes.push(registration.resume)
    const isHeld = world.random() < 0.6
    this.#ended.set(session, { at: world.now, isHeld })
    node.release(session, isHeld)
  }

  #kill(node: SimNode): void {
    for (const session of node.sessions.keys()) this.#ended.set(session, { at: this.world.now, isHeld: true })
    node.kill()
  }

  /**
   * Who believes to have which name now, of those who can be sure of it: not who has asked for another name, and not
   * who is anonymous, as a token that was shown elsewhere takes such a name away before its session hears of it.
   */
  #look(): void {
    const owners = new Map<string, Set<string>>()
    for (const node of this.world.nodes)
      for (const { identity, nickname, session } of node.sessions.values()) {
        if (identity === undefined || node.uncertain.has(session)) continue
        const of = owners.get(nickname.lookalike) ?? new Set()
        owners.set(nickname.lookalike, of.add(identity.key))
      }
    for (const [name, of] of owners) {
      if (of.size < 2) this.#since.delete(name)
      else {
        const since = this.#since.get(name) ?? this.world.now
        this.#since.set(name, since)
        this.shared = Math.max(this.shared, this.world.now - since)
      }
    }
  }

  /** Everybody agrees with the engine, at the end. */
  expectWhole(): void {
    const { engine, nodes } = this.world
    const living = [...engine.names.values()].filter(({ until }) => until === 0)
    const whole = new Map(living.map(({ epoch, key, session }) => [key, `${session} ${epoch}`]))
    for (const node of nodes) {
      if (!node.isAlive) continue
      const told = new Map([...node.directory].map(([key, { epoch, session }]) => [key, `${session} ${epoch}`]))
      expect(sorted(told), this.#where(`directory of ${node.id}`)).toEqual(sorted(whole))
      for (const [session, { nickname }] of node.sessions)
        expect(whole.get(nickname.key)?.split(" ")[0], this.#where(`${session} has ${nickname.text}`)).toBe(session)
      const versions = node.versions.filter((version, index) => version < (node.versions[index - 1] ?? 0))
      expect(versions, this.#where("versions fall")).toEqual([])
    }
    for (const { key, node, session } of living) {
      const owner = nodes.find(({ id }) => id === node)
      expect(owner?.isAlive, this.#where(`${key} is a dead node's`)).toBe(true)
      expect(this.#ended.has(session), this.#where(`${key} is a session's that is over`)).toBe(false)
    }
  }

  /** As on one machine: grants are in the order of their epochs, and nobody gets what another one has. */
  expectLinear(): void {
    const { history } = this.world
    const byEpoch = [...history].sort((a, b) => a.registration.epoch - b.registration.epoch)
    let latestFrom = Number.NEGATIVE_INFINITY
    for (const { from, to } of byEpoch) {
      expect(to, this.#where("granted before an earlier one was asked for")).toBeGreaterThanOrEqual(latestFrom)
      latestFrom = Math.max(latestFrom, from)
    }
    const last = new Map<string, Claimed>()
    const ofSession = new Map<SessionId, Claimed>()
    for (const claimed of byEpoch) {
      const { nickname, session } = claimed.registration
      const before = last.get(nickname.lookalike)
      const isStill = before !== undefined && ofSession.get(before.registration.session) === before
      if (isStill && !isSameOwner(before, claimed)) this.#expectFree(before, claimed)
      last.set(nickname.lookalike, claimed)
      ofSession.set(session, claimed)
    }
    expect(this.shared, this.#where("two owners")).toBe(0)
  }

  #expectFree(before: Claimed, claimed: Claimed): void {
    const { session } = before.registration
    if (session === claimed.registration.session) return
    const ended = this.#ended.get(session)
    const what = `${claimed.registration.nickname.text} of ${session} given to ${claimed.registration.session}`
    // It may have taken another name without hearing of it.
    if (before.node.uncertain.has(session) || before.node.replaced.includes(session)) return
    expect(ended, this.#where(what)).toBeDefined()
    expect(claimed.to, this.#where(what)).toBeGreaterThanOrEqual(ended!.at)
    // Whoever shows the token of an anonymous name gets it, as whomever.
    const isResumed = before.registration.identity === undefined
    if (ended!.isHeld && !isResumed) expect(claimed.to - ended!.at, this.#where(what)).toBeGreaterThanOrEqual(GRACE_MS)
  }

  /** Two owners only after a loss, and not for long. */
  expectBrief(): void {
    expect(this.shared, this.#where("two owners")).toBeLessThan(BRIEF_MS)
  }

  #where(what: string): string {
    return `seed ${this.#seed}: ${what}`
  }
}

/** ms: what waits for the engine to be there again (15 s at most here), and then two seconds. */
const BRIEF_MS = 20_000

const NICKS = ["alice", "AIice", "bob", "carol", "dave"]

const isSameOwner = (a: Claimed, b: Claimed): boolean =>
  a.registration.identity !== undefined && a.registration.identity.key === b.registration.identity?.key

const sorted = (map: ReadonlyMap<string, string>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1))
