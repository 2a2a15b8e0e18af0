import { describe, expect, test } from "vitest"
import { names } from "../../../scenarios/machines/Names.js"
import { Directory, type PageRequest, type PresenceChange } from "../../../src/core/rendezvous/Directory.js"
import {
  type RegistryChange,
  type RegistryLimits,
  RegistryMachine
} from "../../../src/core/rendezvous/RegistryMachine.js"
import { MAX_LOOKED } from "../../../src/core/rendezvous/Roll.js"
import type { Claim } from "../../../src/domain/Registration.js"
import { SessionId } from "../../../src/domain/Registration.js"
import { MAX_LINE } from "../../../src/protocol/Control.js"
import { encodeClients } from "../../../src/protocol/ControlCodec.js"
import { some } from "../../support/Effort.js"
import { claim, identity } from "./support.js"

const entriesIn = (piece: string): ReadonlyArray<string> =>
  JSON.parse(`[${piece}]`).map((entry: unknown) => JSON.stringify(entry))

const LIMITS: RegistryLimits = { graceMs: 60_000, maxNames: 6, reserved: ["server"] }

/** A registry, and the copy of it that a node has. */
class Names {
  readonly machine: RegistryMachine
  readonly directory = new Directory()
  readonly #told: Array<PresenceChange | Extract<RegistryChange, { _tag: "Replaced" }>> = []

  constructor(limits: Partial<RegistryLimits> = {}) {
    this.machine = new RegistryMachine({ ...LIMITS, ...limits })
  }

  claim(claim: Claim, resume: string, wall = 0) {
    const result = this.machine.claim(claim, resume, wall)
    this.#drain()
    return result
  }

  release(session: string, hold: boolean, now: number) {
    this.machine.release(SessionId.make(session), hold, now)
    this.#drain()
  }

  update(session: string, endpoints: ReadonlyArray<string>, address = "192.0.2.1:1") {
    this.machine.update(SessionId.make(session), { address, endpoints })
    this.#drain()
  }

  handleTimeout(now: number) {
    this.machine.handleTimeout(now)
    this.#drain()
  }

  page(request: PageRequest) {
    const { pieces, ...page } = this.directory.page(request)
    return { ...page, entries: pieces.flatMap(entriesIn) }
  }

  /** What watchers and sessions learned since the last time. */
  events() {
    return this.#told.splice(0)
  }

  get nicks() {
    return this.page({}).entries.map((entry) => JSON.parse(entry).nick)
  }

  #drain() {
    for (let event = this.machine.pollEvent(); event !== undefined; event = this.machine.pollEvent()) {
      if (event._tag === "Replaced") this.#told.push(event)
      else {
        const change =
          event._tag === "Owned" ? this.directory.put(event.registration) : this.directory.remove(event.key)
        if (change !== undefined) this.#told.push(change)
      }
    }
  }
}

const make = (limits: Partial<RegistryLimits> = {}) => new Names(limits)
const nicks = (names: Names) => names.nicks
const tell = (names: Names) =>
  names
    .events()
    .map((event) => `${event._tag} ${event._tag === "Replaced" ? event.session : event.registration.nickname.text}`)

describe("a nickname", () => {
  test("has one owner; others are given suggestions that are free", () => {
    const machine = make()
    expect(machine.claim(claim("1", "alice"), "r1", 5)).toMatchObject({ since: 5, resume: "r1" })
    machine.claim(claim("2", "alice2"), "r2")
    for (const nick of ["alice", "ALICE", "аlice", "AIice"]) {
      expect(machine.claim(claim("3", nick), "r3")).toMatchObject({ _tag: "NickTaken" })
    }
    const refusal = machine.claim(claim("3", "alice"), "r3")
    expect(refusal).toMatchObject({ suggestions: ["alice_", "alice3", "alice4"] })
    expect(nicks(machine)).toEqual(["alice", "alice2"])
  })

  test("that is reserved, or looks like it, is nobody's", () => {
    expect(make().claim(claim("1", "SERVER"), "r")).toMatchObject({ _tag: "NickReserved" })
    expect(make().claim(claim("1", "ѕerver"), "r")).toMatchObject({ _tag: "NickReserved" })
    const club = make({ reserved: ["warden"] })
    for (const nick of ["Warden", "vvarclen"])
      expect(club.claim(claim("1", nick), "r")).toMatchObject({ _tag: "NickReserved" })
  })

  test("may be changed by its session, and the old one is free at once", () => {
    const machine = make()
    machine.claim(claim("1", "alice"), "r1")
    machine.claim(claim("1", "bob"), "r2")
    machine.claim(claim("2", "alice"), "r3")
    machine.claim(claim("1", "Bob"), "r4")
    expect(tell(machine)).toEqual(["Joined alice", "Left alice", "Joined bob", "Joined alice", "Changed Bob"])
    expect(machine.machine.names).toBe(2)
  })

  test("is kept when the change is refused", () => {
    const machine = make()
    machine.claim(claim("1", "alice"), "r1")
    machine.claim(claim("2", "bob"), "r2")
    expect(machine.claim(claim("1", "bob"), "r3")).toMatchObject({ _tag: "NickTaken" })
    expect(nicks(machine)).toEqual(["alice", "bob"])
  })

  test("is free after a goodbye, and held for its owner after a loss", () => {
    const machine = make()
    machine.claim(claim("1", "alice", { identity: identity("a") }), "r1")
    machine.release("1", true, 1000)
    expect(nicks(machine)).toEqual([])
    expect(machine.claim(claim("2", "alice"), "r2")).toMatchObject({ _tag: "NickTaken" })
    expect(machine.claim(claim("2", "alice", { identity: identity("b"), resume: "r1" }), "r2")).toMatchObject({
      _tag: "NickTaken"
    })
    expect(machine.claim(claim("3", "alice", { identity: identity("a") }), "r3")).toMatchObject({
      session: "3"
    })
    machine.release("3", false, 2000)
    expect(machine.claim(claim("4", "alice"), "r4")).toMatchObject({ session: "4" })
    expect(tell(machine)).toEqual(["Joined alice", "Left alice", "Joined alice", "Left alice", "Joined alice"])
  })

  test("is free for all when the grace is over", () => {
    const machine = make()
    machine.claim(claim("1", "alice"), "r1")
    machine.release("1", true, 0)
    expect(machine.machine.pollTimeout()).toBe(60_000)
    machine.handleTimeout(60_000)
    expect(machine.machine.names).toBe(0)
    expect(machine.machine.pollTimeout()).toBeUndefined()
    expect(machine.claim(claim("2", "alice"), "r2")).toMatchObject({ session: "2" })
  })

  test("without an identity goes back to whoever shows its resume token", () => {
    const machine = make()
    machine.claim(claim("1", "alice"), "r1")
    machine.release("1", true, 0)
    expect(machine.claim(claim("2", "alice", { resume: "r" }), "r2")).toMatchObject({ _tag: "NickTaken" })
    expect(machine.claim(claim("2", "alice", { resume: "r1" }), "r2")).toMatchObject({ session: "2" })
  })

  test("goes to the newest session of its identity, and the older one is told", () => {
    const machine = make()
    machine.claim(claim("1", "alice", { identity: identity("a") }), "r1")
    machine.claim(claim("2", "alice", { identity: identity("a") }), "r2")
    expect(tell(machine)).toEqual(["Joined alice", "Replaced 1", "Changed alice"])
    machine.release("1", true, 0)
    expect(nicks(machine)).toEqual(["alice"])
  })

  test("that was taken back stays with its owner when the grace would have ended", () => {
    const machine = make()
    const alice = { identity: identity("a") }
    machine.claim(claim("1", "alice", alice), "r1")
    machine.claim(claim("2", "alice", alice), "r2")
    machine.release("2", true, 0)
    machine.claim(claim("3", "alice", alice), "r3")
    machine.events()
    machine.handleTimeout(61_000)
    expect(nicks(machine)).toEqual(["alice"])
    expect(machine.machine.names).toBe(1)
    expect(tell(machine)).toEqual([])
  })

  test("of somebody else makes room when it is held: anonymous ones for all, those of identities for identities", () => {
    const names = make({ maxNames: 3 })
    names.claim(claim("1", "alice", { identity: identity("a") }), "r1")
    names.claim(claim("2", "bob"), "r2")
    names.claim(claim("3", "carol"), "r3")
    names.release("1", true, 0)
    names.release("2", true, 1)
    names.release("3", true, 2)
    expect(names.claim(claim("4", "dave"), "r4")).toMatchObject({ session: "4" })
    expect(names.machine.names).toBe(3)
    // Bob's went, the longest held of the anonymous ones; carol still has hers, and goes next.
    expect(names.claim(claim("5", "carol"), "r5")).toMatchObject({ _tag: "NickTaken" })
    expect(names.claim(claim("5", "erin"), "r5")).toMatchObject({ session: "5" })
    expect(names.claim(claim("6", "frank"), "r6")).toMatchObject({ _tag: "Busy" })
    expect(names.claim(claim("6", "alice"), "r6")).toMatchObject({ _tag: "NickTaken" })
    expect(names.claim(claim("6", "frank", { identity: identity("f") }), "r6")).toMatchObject({ session: "6" })
    expect(names.claim(claim("7", "alice"), "r7")).toMatchObject({ _tag: "Busy" })
    // One that only moves needs no room, and takes none from those who are held.
    expect(names.claim(claim("6", "george", { identity: identity("f") }), "r8")).toMatchObject({ session: "6" })
    names.handleTimeout(100_000)
    expect(names.machine.names).toBe(3)
  })

  test("finds no room beyond the bound, except in place of another of the same session", () => {
    const machine = make({ maxNames: 1 })
    machine.claim(claim("1", "alice"), "r1")
    expect(machine.claim(claim("2", "bob"), "r2")).toMatchObject({ _tag: "Busy" })
    expect(machine.claim(claim("1", "bob"), "r2")).toMatchObject({ session: "1" })
  })
})

describe("endpoints", () => {
  test("are updated without a word to anybody, and only for a session that has a nickname", () => {
    const names = make()
    names.claim(claim("1", "alice", { endpoints: ["192.0.2.1:5"] }), "r1")
    names.events()
    names.update("1", ["192.0.2.2:6"])
    names.update("9", ["192.0.2.3:6"])
    expect(tell(names)).toEqual([])
    expect(names.directory.get("alice")).toMatchObject({ endpoints: ["192.0.2.2:6"], session: "1" })
    expect(names.machine.find("alice")).toBe(names.directory.get("alice"))
    names.release("1", true, 0)
    expect(names.machine.find("alice")).toBeUndefined()
  })

  test("lists a session where it shows itself now, without a word to those who watch", () => {
    const names = make()
    names.claim(claim("1", "alice", { address: "192.0.2.1:5" }), "r1")
    const before = names.page({}).entries[0]
    names.events()
    names.update("1", [], "")
    expect(tell(names)).toEqual([])
    expect(JSON.parse(names.page({}).entries[0]!)).toMatchObject({ nick: "alice", address: "" })
    names.update("1", [], "192.0.2.1:5")
    expect(names.page({}).entries[0]).toBe(before)
  })
})

describe("the list", () => {
  const many = (count: number) => {
    const machine = make({ maxNames: count })
    for (let i = 0; i < count; i++) machine.claim(claim(String(i), `nick${(i * 7919) % count}`), "r")
    return machine
  }

  test("comes in pages that fit one line and leave nobody out", () => {
    const machine = many(1000)
    const seen: Array<string> = []
    let after: string | undefined
    do {
      const page = machine.page({ limit: 1000, ...(after === undefined ? {} : { after }) })
      expect(Buffer.byteLength(encodeClients(Number.MAX_SAFE_INTEGER, page.entries, page.next))).toBeLessThanOrEqual(
        MAX_LINE
      )
      seen.push(...page.entries.map((entry) => JSON.parse(entry).nick))
      after = page.next
    } while (after !== undefined)
    expect(seen).toHaveLength(1000)
    expect(seen).toEqual([...new Set(seen)].sort())
  })

  test("keeps to limit and match, and goes on behind a name that has left", () => {
    const machine = many(100)
    const { entries, next } = machine.page({ limit: 3, match: "NICK1" })
    expect(entries.map((entry) => JSON.parse(entry).nick)).toEqual(["nick1", "nick10", "nick11"])
    for (let i = 0; i < 100; i++) if ((i * 7919) % 100 === 11) machine.release(String(i), false, 0)
    const rest = machine.page({ limit: 100, match: "nick1", after: next! })
    expect(rest.entries.map((entry) => JSON.parse(entry).nick)).toEqual(
      [..."2345678"].map((digit) => `nick1${digit}`).concat("nick19")
    )
    expect(rest.next).toBeUndefined()
  })

  test("looks at a bounded number of entries for a page, and goes on from there", () => {
    const machine = many(2 * MAX_LOOKED + 100)
    const found: Array<string> = []
    let pages = 0
    let after: string | undefined
    do {
      const page = machine.page({ match: "nick1999", ...(after === undefined ? {} : { after }) })
      expect(page.looked).toBeLessThanOrEqual(MAX_LOOKED)
      found.push(...page.entries.map((entry) => JSON.parse(entry).nick))
      after = page.next
      pages++
    } while (after !== undefined)
    expect(found).toEqual(["nick1999"])
    expect(pages).toBe(3)
  })

  test("whose source is read anew shows a gap to those who watch", () => {
    const names = make()
    names.claim(claim("1", "alice"), "r1")
    const before = names.directory.version
    names.directory.clear()
    expect(names.directory.version).toBeGreaterThan(before + 1)
    expect(names.nicks).toEqual([])
  })
})

test("the registry is its naive model, and law 1 holds, whatever happens", () => {
  for (let seed = 1; seed <= some(1500); seed++) expect(names(seed), `seed ${seed}`).toBeUndefined()
})
