import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { Channels, MAX_CHANNELS } from "../../../src/core/rendezvous/Channels.js"
import { type RegistryLimits, RegistryMachine } from "../../../src/core/rendezvous/RegistryMachine.js"
import { MAX_LINE } from "../../../src/protocol/Control.js"
import { encodeClients } from "../../../src/protocol/ControlCodec.js"
import { claim, eventsOf, identity, nickname } from "./support.js"

const LIMITS: RegistryLimits = { leaseMs: 45_000, graceMs: 60_000, maxNames: 6, reserved: ["server"] }
const make = (limits: Partial<RegistryLimits> = {}) => new RegistryMachine({ ...LIMITS, ...limits })
const fresh = (name: string) => ({ channel: `channel-${name}`, pairKey: `key-${name}` })
const nicks = (machine: RegistryMachine) => machine.page({}).entries.map((entry) => JSON.parse(entry).nick)
const tell = (machine: RegistryMachine) =>
  eventsOf(machine).map((event) =>
    event._tag === "Presence"
      ? `${JSON.parse(event.line)._tag} ${JSON.parse(event.line).nick}`
      : `${event._tag} ${"session" in event ? event.session : event.channel}`
  )

describe("a nickname", () => {
  test("has one owner; others are given suggestions that are free", () => {
    const machine = make()
    expect(machine.claim(claim("1", "alice"), "r1", 5, 0)).toMatchObject({ since: 5, resume: "r1" })
    machine.claim(claim("2", "alice2"), "r2", 0, 0)
    for (const nick of ["alice", "ALICE", "аlice", "AIice"]) {
      expect(machine.claim(claim("3", nick), "r3", 0, 0)).toMatchObject({ _tag: "NickTaken" })
    }
    const refusal = machine.claim(claim("3", "alice"), "r3", 0, 0)
    expect(refusal).toMatchObject({ suggestions: ["alice_", "alice3", "alice4"] })
    expect(nicks(machine)).toEqual(["alice", "alice2"])
  })

  test("that is reserved, or looks like it, is nobody's", () => {
    expect(make().claim(claim("1", "SERVER"), "r", 0, 0)).toMatchObject({ _tag: "NickReserved" })
    expect(make().claim(claim("1", "ѕerver"), "r", 0, 0)).toMatchObject({ _tag: "NickReserved" })
  })

  test("may be changed by its session, and the old one is free at once", () => {
    const machine = make()
    machine.claim(claim("1", "alice"), "r1", 0, 0)
    machine.claim(claim("1", "bob"), "r2", 0, 0)
    machine.claim(claim("2", "alice"), "r3", 0, 0)
    machine.claim(claim("1", "Bob"), "r4", 0, 0)
    expect(tell(machine)).toEqual(["Joined alice", "Left alice", "Joined bob", "Joined alice", "Changed Bob"])
    expect(machine.names).toBe(2)
  })

  test("is kept when the change is refused", () => {
    const machine = make()
    machine.claim(claim("1", "alice"), "r1", 0, 0)
    machine.claim(claim("2", "bob"), "r2", 0, 0)
    expect(machine.claim(claim("1", "bob"), "r3", 0, 0)).toMatchObject({ _tag: "NickTaken" })
    expect(nicks(machine)).toEqual(["alice", "bob"])
  })

  test("is free after a goodbye, and held for its owner after a loss", () => {
    const machine = make()
    machine.claim(claim("1", "alice", { identity: identity("a") }), "r1", 0, 0)
    machine.release("1", true, 1000)
    expect(nicks(machine)).toEqual([])
    expect(machine.claim(claim("2", "alice"), "r2", 0, 1000)).toMatchObject({ _tag: "NickTaken" })
    expect(machine.claim(claim("2", "alice", { identity: identity("b"), resume: "r1" }), "r2", 0, 1000)).toMatchObject({
      _tag: "NickTaken"
    })
    expect(machine.claim(claim("3", "alice", { identity: identity("a") }), "r3", 0, 1000)).toMatchObject({
      session: "3"
    })
    machine.release("3", false, 2000)
    expect(machine.claim(claim("4", "alice"), "r4", 0, 2000)).toMatchObject({ session: "4" })
    expect(tell(machine)).toEqual(["Joined alice", "Left alice", "Joined alice", "Left alice", "Joined alice"])
  })

  test("is free for all when the grace is over", () => {
    const machine = make()
    machine.claim(claim("1", "alice"), "r1", 0, 0)
    machine.release("1", true, 0)
    expect(machine.pollTimeout()).toBe(60_000)
    machine.handleTimeout(60_000)
    expect(machine.names).toBe(0)
    expect(machine.pollTimeout()).toBeUndefined()
    expect(machine.claim(claim("2", "alice"), "r2", 0, 60_000)).toMatchObject({ session: "2" })
  })

  test("without an identity goes back to whoever shows its resume token", () => {
    const machine = make()
    machine.claim(claim("1", "alice"), "r1", 0, 0)
    machine.release("1", true, 0)
    expect(machine.claim(claim("2", "alice", { resume: "r" }), "r2", 0, 0)).toMatchObject({ _tag: "NickTaken" })
    expect(machine.claim(claim("2", "alice", { resume: "r1" }), "r2", 0, 0)).toMatchObject({ session: "2" })
  })

  test("goes to the newest session of its identity, and the older one is told", () => {
    const machine = make()
    machine.claim(claim("1", "alice", { identity: identity("a") }), "r1", 0, 0)
    machine.claim(claim("2", "alice", { identity: identity("a") }), "r2", 0, 0)
    expect(tell(machine)).toEqual(["Joined alice", "Replaced 1", "Changed alice"])
    machine.release("1", true, 0)
    expect(nicks(machine)).toEqual(["alice"])
  })

  test("that was taken back stays with its owner when the grace, and the older session's lease, would have ended", () => {
    const machine = make()
    const alice = { identity: identity("a") }
    machine.claim(claim("1", "alice", alice), "r1", 0, 0)
    machine.claim(claim("2", "alice", alice), "r2", 0, 0)
    machine.release("2", true, 0)
    machine.claim(claim("3", "alice", alice), "r3", 0, 1000)
    machine.renew("3", 40_000)
    eventsOf(machine)
    machine.handleTimeout(61_000)
    expect(nicks(machine)).toEqual(["alice"])
    expect(machine.names).toBe(1)
    expect(tell(machine)).toEqual([])
  })

  test("of a session that is not renewed lapses", () => {
    const machine = make()
    machine.claim(claim("1", "alice"), "r1", 0, 0)
    machine.claim(claim("2", "bob"), "r2", 0, 0)
    machine.renew("1", 30_000)
    machine.handleTimeout(45_000)
    expect(tell(machine)).toEqual(["Joined alice", "Joined bob", "Left bob", "Lapsed 2"])
    expect(machine.pollTimeout()).toBe(75_000)
  })

  test("finds no room beyond the bound, except in place of another of the same session", () => {
    const machine = make({ maxNames: 1 })
    machine.claim(claim("1", "alice"), "r1", 0, 0)
    expect(machine.claim(claim("2", "bob"), "r2", 0, 0)).toMatchObject({ _tag: "Busy" })
    expect(machine.claim(claim("1", "bob"), "r2", 0, 0)).toMatchObject({ session: "1" })
  })
})

describe("an introduction", () => {
  test("tells both sides the same channel, whoever asks and however often", () => {
    const machine = make()
    machine.claim(claim("1", "alice", { identity: identity("a"), endpoints: ["192.0.2.1:5"] }), "r1", 0, 0)
    machine.claim(claim("2", "bob"), "r2", 0, 0)
    machine.update("2", ["192.0.2.2:6"])
    eventsOf(machine)
    expect(machine.introduce("1", "BOB", fresh("1"))).toEqual({
      nick: "bob",
      address: "192.0.2.1:1",
      candidates: ["192.0.2.2:6"],
      ...fresh("1")
    })
    const [event] = eventsOf(machine)
    expect(event).toMatchObject({ _tag: "Incoming", session: "2" })
    expect(event?._tag === "Incoming" && JSON.parse(event.line)).toEqual({
      _tag: "Incoming",
      nick: "alice",
      address: "192.0.2.1:1",
      record: "record-a",
      candidates: ["192.0.2.1:5"],
      ...fresh("1")
    })
    expect(machine.introduce("2", "alice", fresh("2"))).toMatchObject(fresh("1"))
  })

  test("gets a new channel after either session ended", () => {
    const machine = make()
    machine.claim(claim("1", "alice", { identity: identity("a") }), "r1", 0, 0)
    machine.claim(claim("2", "bob"), "r2", 0, 0)
    machine.introduce("1", "bob", fresh("1"))
    machine.claim(claim("3", "alice", { identity: identity("a") }), "r3", 0, 0)
    expect(machine.introduce("3", "bob", fresh("2"))).toMatchObject(fresh("2"))
    machine.release("2", false, 0)
    machine.claim(claim("4", "bob"), "r4", 0, 0)
    expect(machine.introduce("3", "bob", fresh("3"))).toMatchObject(fresh("3"))
  })

  test("is refused to strangers, of nobody, of the lost, and of oneself", () => {
    const machine = make()
    machine.claim(claim("1", "alice"), "r1", 0, 0)
    machine.claim(claim("2", "bob"), "r2", 0, 0)
    machine.release("2", true, 0)
    eventsOf(machine)
    expect(machine.introduce("9", "alice", fresh(""))).toMatchObject({ _tag: "NotRegistered" })
    expect(machine.introduce("1", "carol", fresh(""))).toMatchObject({ _tag: "NoSuchPeer" })
    expect(machine.introduce("1", "bob", fresh(""))).toMatchObject({ _tag: "NoSuchPeer" })
    expect(machine.introduce("1", "alice", fresh(""))).toMatchObject({ _tag: "NotAccepting" })
    expect(machine.update("9", [])).toMatchObject({ _tag: "NotRegistered" })
    expect(eventsOf(machine)).toEqual([])
  })

  test("channels are bounded for each session, and forgotten on both sides", () => {
    const channels = new Channels()
    for (let i = 0; i <= MAX_CHANNELS; i++) channels.between("me", `s${i}`, fresh(String(i)))
    expect(channels.size).toBe(MAX_CHANNELS)
    expect(channels.between("s0", "me", fresh("new"))).toMatchObject({ left: fresh("new"), isNew: true })
    channels.drop("me")
    expect(channels.size).toBe(0)
  })

  test("channels of the relay are told when they open, once, and when they end, however that comes", () => {
    const machine = make()
    for (const name of ["alice", "bob", "carol"]) machine.claim(claim(name, name), name, 0, 0)
    eventsOf(machine)
    const tokens = ["to alice", "to bob"] as const
    const asked = machine.introduce("alice", "bob", { ...fresh("1"), tokens })
    expect(asked).toMatchObject({ channel: "channel-1", relay: { token: "to alice" } })
    const [opened, incoming] = eventsOf(machine)
    expect(opened).toEqual({
      _tag: "Opened",
      channel: "channel-1",
      ends: [
        { session: "alice", token: "to alice" },
        { session: "bob", token: "to bob" }
      ]
    })
    expect(JSON.parse((incoming as { readonly line: string }).line)).toMatchObject({ relay: { token: "to bob" } })
    expect(machine.introduce("bob", "alice", { ...fresh("2"), tokens })).toMatchObject({
      channel: "channel-1",
      relay: { token: "to bob" }
    })
    expect(eventsOf(machine).map(({ _tag }) => _tag)).toEqual(["Incoming"])
    machine.introduce("carol", "bob", fresh("3"))
    machine.release("bob", true, 0)
    expect(tell(machine)).toEqual(["Incoming bob", "Closed channel-1", "Left bob"])
  })
})

describe("the list", () => {
  const many = (count: number) => {
    const machine = make({ maxNames: count })
    for (let i = 0; i < count; i++) machine.claim(claim(String(i), `nick${(i * 7919) % count}`), "r", 0, 0)
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
})

// A naive model: a list of registrations, searched from end to end
// ----------------------------------------------------------------

interface Owned {
  readonly session: string
  readonly nick: string
  readonly owner: string | undefined
  readonly resume: string
  leaseEnd: number
  heldUntil: number | undefined
}

const clash = (left: string, right: string) =>
  nickname(left).key === nickname(right).key || nickname(left).lookalike === nickname(right).lookalike

const NICKS = ["alice", "Alice", "AIice", "bob", "b0b", "carol", "ian", "lan", "Ian", "dave", "eve"]
const SESSIONS = ["1", "2", "3", "4", "5"]

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      _tag: fc.constant("claim" as const),
      session: fc.constantFrom(...SESSIONS),
      nick: fc.constantFrom(...NICKS),
      owner: fc.constantFrom(undefined, "A", "B"),
      /** Whose resume token is shown: that of the n-th claim. */
      resume: fc.option(fc.nat({ max: 20 }), { nil: undefined })
    })
  },
  {
    weight: 2,
    arbitrary: fc.record({
      _tag: fc.constant("release" as const),
      session: fc.constantFrom(...SESSIONS),
      hold: fc.boolean()
    })
  },
  { weight: 1, arbitrary: fc.record({ _tag: fc.constant("renew" as const), session: fc.constantFrom(...SESSIONS) }) },
  { weight: 2, arbitrary: fc.record({ _tag: fc.constant("wait" as const), ms: fc.nat({ max: 50_000 }) }) }
)

test("the registry is its naive model, and law 1 holds, whatever happens", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const machine = make()
      let owned: Array<Owned> = []
      let now = 0
      let claims = 0
      let version = 0
      const watched = new Map<string, string>()

      for (const action of steps) {
        switch (action._tag) {
          case "wait": {
            now += action.ms
            machine.handleTimeout(now)
            for (const one of owned) {
              // The grace of a lapsed session begins when the lapse is noticed.
              if (one.heldUntil === undefined && one.leaseEnd <= now) one.heldUntil = now + LIMITS.graceMs
            }
            owned = owned.filter((one) => one.heldUntil === undefined || one.heldUntil > now)
            break
          }
          case "renew":
            machine.renew(action.session, now)
            for (const one of owned) {
              if (one.session === action.session && one.heldUntil === undefined) one.leaseEnd = now + LIMITS.leaseMs
            }
            break
          case "release":
            machine.release(action.session, action.hold, now)
            for (const one of owned) {
              if (one.session === action.session && one.heldUntil === undefined) {
                one.heldUntil = now + (action.hold ? LIMITS.graceMs : 0)
              }
            }
            owned = owned.filter((one) => one.heldUntil === undefined || one.heldUntil > now)
            break
          case "claim": {
            const { session, nick, owner } = action
            const resume = `resume${++claims}`
            const shown = action.resume === undefined ? undefined : `resume${action.resume}`
            const result = machine.claim(
              claim(session, nick, {
                ...(owner === undefined ? {} : { identity: identity(owner) }),
                ...(shown === undefined ? {} : { resume: shown })
              }),
              resume,
              now,
              now
            )
            const mine = (one: Owned) => one.session === session && one.heldUntil === undefined
            const inTheWay = owned.filter((one) => clash(one.nick, nick))
            const allowed = inTheWay.every(
              (one) => mine(one) || (one.owner === undefined ? one.resume === shown : one.owner === owner)
            )
            const rest = owned.filter((one) => !mine(one) && !inTheWay.includes(one))
            if (!allowed) expect(result).toMatchObject({ _tag: "NickTaken" })
            else if (rest.length >= LIMITS.maxNames) expect(result).toMatchObject({ _tag: "Busy" })
            else {
              expect(result).toMatchObject({ session, resume })
              owned = [...rest, { session, nick, owner, resume, leaseEnd: now + LIMITS.leaseMs, heldUntil: undefined }]
            }
          }
        }

        // What watchers are told adds up to the list, without a gap.
        for (const event of eventsOf(machine)) {
          if (event._tag !== "Presence") continue
          const { _tag, nick, version: stated } = JSON.parse(event.line)
          expect(stated).toBe(++version)
          const { key } = nickname(nick)
          expect(watched.has(key)).toBe(_tag !== "Joined")
          if (_tag === "Left") watched.delete(key)
          else watched.set(key, nick)
        }
        const live = owned.filter((one) => one.heldUntil === undefined).map((one) => one.nick)
        expect([...nicks(machine)].sort()).toEqual([...live].sort())
        expect([...watched.values()].sort()).toEqual([...live].sort())
        expect(machine.version).toBe(version)
        expect(machine.names).toBe(owned.length)
        // Law 1, on the names themselves.
        for (const [i, one] of live.entries())
          for (const other of live.slice(i + 1)) expect(clash(one, other)).toBe(false)
      }
    }),
    { numRuns: 1500 }
  )
})
