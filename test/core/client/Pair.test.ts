import * as fc from "fast-check"
import { describe, expect, it, vi } from "vitest"
import type { PeerId } from "../../../src/domain/PeerId.js"
import { defaults } from "../../../src/server/ServerOptions.js"
import { some } from "../../support/Effort.js"
import { User } from "./Model.js"
import { type Person, World } from "./World.js"

/** Two machines that are registered at one server. */
const meet = (seed: number, hasRelay = false) => {
  const world = new World(seed)
  world.startServer(hasRelay ? { relay: defaults.relay } : {})
  const people = ["alice", "bob"].map((name) => world.person(name))
  for (const person of people) person.ask((machine, now) => machine.register(person.name, now))
  return { world, people }
}

/** Everything that the server says to somebody from now on. */
const linesOf = ({ machine }: Person): (() => string) => {
  const handle = vi.spyOn(machine, "handleServerBytes")
  return () => handle.mock.calls.map(([bytes]) => Buffer.from(bytes).toString()).join("")
}

const isDirect = ({ machine }: Person): boolean => {
  const paths = machine.conversations.all().map(({ path }) => path)
  return paths.length > 0 && paths.every((path) => path === "lan" || path === "direct")
}

const who = fc.nat(1)
const outside = fc.oneof(
  fc.record({ what: fc.constantFrom("break", "reads"), who }),
  fc.record({ what: fc.constantFrom("start", "stop"), who }),
  fc.record({ what: fc.constant("loss"), who, loss: fc.constantFrom(0, 0.1, 0.3) }),
  fc.record({ what: fc.constant("pass"), who, ms: fc.constantFrom(5, 50, 2_000, 40_000) })
)
const act = (what: "query" | "say" | "leave" | "restart") => fc.record({ what: fc.constant(what), who })

type Step = { readonly what: string; readonly who: number; readonly ms?: number; readonly loss?: number }

const happens = (world: World, person: Person, { loss, ms, what }: Step): void => {
  if (what === "break") person.breakLink()
  if (what === "reads") person.reads = !person.reads
  if (what === "start") world.startServer()
  if (what === "stop") world.stopServer(true)
  if (loss !== undefined) world.loss = loss
  if (person.reads) person.drain()
  world.pass(ms ?? 0)
}

/** More than any packet is under way. */
const UNDER_WAY = 100

describe("two clients' machines", () => {
  it("let a server with a relay know none of their candidates, and meet directly all the same", () => {
    const { people, world } = meet(1, true)
    const lines = people.map(linesOf)
    for (const [index, one] of people.entries())
      expect(one.ask((machine, now) => machine.query(people[1 - index]!.name, now))).not.toBeInstanceOf(Error)
    world.until("both are on a direct path", () => people.every(isDirect), 5_000)
    for (const text of lines) expect(text()).not.toContain(":4000")
    for (const text of lines) expect(text()).toMatch(/"candidates":\[\]/)
  })

  it("tell their candidates through the server to who does without the relay, but to no stranger", () => {
    for (const asker of [0, 1]) {
      const { people, world } = meet(asker, true)
      const [alone, other] = [people[asker]!, people[1 - asker]!]
      alone.drive((machine, now) => machine.setPath(undefined, "direct-only", now))
      world.pass(1_000)
      const text = linesOf(alone)
      expect(alone.ask((machine, now) => machine.query(other.name, now))).not.toBeInstanceOf(Error)
      world.pass(5_000)
      expect(text()).not.toContain(`${other.endpoint.address}:4000`)
      expect(other.ask((machine, now) => machine.query(alone.name, now))).not.toBeInstanceOf(Error)
      world.until("both are on a direct path", () => people.every(isDirect), 20_000)
      const told = () => text().split(`"candidates":["${other.endpoint.address}:4000"]`).length - 1
      expect(told()).toBe(1)
      world.pass(60_000)
      expect(told()).toBe(1)
    }
  })

  it("keep law 2: text is taken for whom we have asked for and not left, and nothing else ever arrives", () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.oneof(act("query"), act("say"), act("say"), act("leave")) },
      { weight: 1, arbitrary: outside }
    )
    fc.assert(
      fc.property(fc.nat(), fc.array(step, { maxLength: 30 }), (seed, steps) => {
        const { people, world } = meet(seed)
        const asked = [false, false]
        /** Whom each knows, also after leaving. */
        const known: [PeerId?, PeerId?] = []
        const said = [new Set<string>(), new Set<string>()] as const
        const lapsed = [new Set<string>(), new Set<string>()] as const
        for (const [index, one] of steps.entries()) {
          const me = people[one.who]!
          const other = people[1 - one.who]!
          const mine = said[one.who]!
          if (one.what === "query") {
            const answer = me.ask((machine, now) => machine.query(other.name, now))
            if (!(answer instanceof Error)) asked[one.who] = true
          } else if (one.what === "say") {
            const text = `${me.name} ${index}`
            const refused = me.say(other.name, text)
            expect(refused, `${text}, when asked: ${asked[one.who]}`).toBe(
              asked[one.who] === true ? undefined : "NotConnected"
            )
            if (refused === undefined) mine.add(text)
          } else if (one.what === "leave") {
            const conversation = me.machine.conversations.byNick(other.name)
            if (conversation !== undefined) me.drive((machine, now) => machine.leave(conversation, now))
            asked[one.who] = false
            world.pass(UNDER_WAY)
            // What the other program has, but has not shown while nobody reads, it may still show.
            const heard = new Set(other.heard(me.name))
            if (other.reads) for (const text of mine) if (!heard.has(text)) lapsed[one.who]!.add(text)
          } else happens(world, me, one)
          for (const [at, person] of people.entries()) {
            const consent = person.machine.conversations.byNick(people[1 - at]!.name)
            expect(consent?.asked ?? false, `consent of ${person.name}`).toBe(asked[at])
            if (consent !== undefined) known[at] = consent.peer
            const status = known[at] && person.machine.peers?.status(known[at])?.consent
            if (!asked[at]) expect(status ?? "invited", "the peer machine's own word").toBe("invited")
            const heard = people[1 - at]!.heard(person.name)
            expect(heard.filter((text) => !said[at]!.has(text) || lapsed[at]!.has(text))).toEqual([])
          }
        }
      }),
      { numRuns: some(150) }
    )
  }, 60_000)

  it("keep law 3: what is said is shown at most once and in order, and exactly once when all works again", () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.oneof(act("query"), act("say"), act("say"), act("leave"), act("restart")) },
      { weight: 2, arbitrary: outside }
    )
    fc.assert(
      fc.property(fc.nat(), fc.array(step, { maxLength: 40 }), (seed, steps) => {
        const world = new World(seed)
        world.startServer()
        const users = ["alice", "bob"].map((name) => new User(world, name))
        world.pass(2_000)
        for (const [index, one] of steps.entries()) {
          const user = users[one.who]!
          const other = users[1 - one.who]!
          if (one.what === "query") user.query(other)
          else if (one.what === "say") user.say(other)
          else if (one.what === "leave") user.leave(other)
          else if (one.what === "restart") user.restart()
          else happens(world, user.person, one)
          for (const each of users) each.check(users, `step ${index}`)
        }
        world.loss = 0
        world.startServer()
        world.pass(60_000)
        for (const user of users) user.person.reads = true
        for (const user of users) user.query(users.find((one) => one !== user)!)
        world.pass(60_000)
        for (const user of users) {
          user.check(users, "in the end")
          user.checkAll(users, "in the end")
        }
      }),
      { numRuns: some(100) }
    )
  }, 60_000)
})
