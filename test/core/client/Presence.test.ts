import * as fc from "fast-check"
import { beforeEach, describe, expect, it } from "vitest"
import type { ServerError } from "../../../src/core/client/ClientError.js"
import type { PeerInfo } from "../../../src/core/client/PeerInfo.js"
import { Presence } from "../../../src/core/client/Presence.js"
import { Reintroduction } from "../../../src/core/client/Reintroduction.js"
import type { Roster } from "../../../src/core/control/Presence.js"
import * as Control from "../../../src/protocol/Control.js"
import { some } from "../../support/Effort.js"
import { fingerprint } from "../../support/ids.js"
import { Context, conversation } from "./Context.js"

let context: Context
let presence: Presence
let reintroduction: Reintroduction

const begin = () => {
  context = new Context()
  context.own.registration = { nick: "ann", address: "", fingerprint: fingerprint("print of ann") }
  reintroduction = new Reintroduction(context)
  presence = new Presence(context, reintroduction)
  presence.watch(undefined)
}

const entry = (nick: string): Control.ClientEntry => ({
  nick,
  address: "203.0.113.9:1",
  fingerprint: fingerprint(`print of ${nick}`),
  since: 0
})

const roster = (nicks: ReadonlyArray<string>, more: Partial<Roster> = {}) =>
  ({ _tag: "Roster", clients: nicks.map(entry), touched: new Set<string>(), complete: true, ...more }) as const

const on = (_tag: "Joined" | "Left" | "Changed", nick: string) => presence.handle({ _tag, ...entry(nick) }, 10)

/** `Joined bob`, and so on. */
const told = () => context.events().map((event) => `${event._tag} ${"nick" in event ? event.nick : ""}`)

/** Whether somebody is asked for again now. */
const isAskedFor = () => {
  const isAsked = reintroduction.advance(1_000)
  context.sent("Query")
  return isAsked
}

beforeEach(begin)

describe("who comes and goes", () => {
  it("is told, but for ourselves", () => {
    for (const nick of ["ann", "bob"]) on("Joined", nick)
    on("Left", "bob")
    on("Changed", "bob")
    expect(told()).toEqual(["Joined bob", "Left bob"])
  })

  it("without a word is told once, by a whole list that does not show them", () => {
    const nicks = ["bob", "carol", "dave", "eve"]
    const step = fc.oneof(
      fc.record({ _tag: fc.constantFrom("Joined" as const, "Left" as const), nick: fc.constantFrom(...nicks) }),
      fc.record({
        _tag: fc.constant("Roster" as const),
        listed: fc.subarray(nicks),
        touched: fc.subarray(nicks),
        complete: fc.boolean()
      }),
      fc.constant({ _tag: "begin" as const })
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        begin()
        const here = new Set<string>()
        for (const one of steps) {
          const expected: Array<string> = []
          if (one._tag === "begin") {
            presence.begin(10)
            here.clear()
          } else if (one._tag === "Roster") {
            for (const nick of here) {
              if (!one.complete || one.listed.includes(nick) || one.touched.includes(nick)) continue
              here.delete(nick)
              expected.push(`Left ${nick}`)
            }
            const { complete, listed, touched } = one
            presence.handle(roster(listed, { touched: new Set(touched), complete }), 10)
          } else {
            on(one._tag, one.nick)
            // Whoever is here already is no news.
            if (one._tag === "Left" || !here.has(one.nick)) expected.push(`${one._tag} ${one.nick}`)
            if (one._tag === "Joined") here.add(one.nick)
            else here.delete(one.nick)
          }
          expect(told()).toEqual(expected)
        }
      }),
      { numRuns: some(500) }
    )
  })
})

describe("a peer that we asked for", () => {
  it("is asked for again when it is there with another session, or not reached directly", () => {
    for (const [more, event, isAsked] of [
      [{ connected: false }, "Joined", true],
      [{ connected: true, path: "direct" }, "Joined", false],
      [{ connected: true, path: "direct" }, "Changed", true],
      [{ connected: true, path: "relay" }, "Joined", true],
      [{ asked: false }, "Changed", false]
    ] as const) {
      begin()
      context.introduce(conversation("bob", more))
      on(event, "bob")
      expect(isAskedFor(), `${event} ${JSON.stringify(more)}`).toBe(isAsked)
    }
  })

  it("and that has hung up is left alone until it is there with another session", () => {
    const bob = context.introduce(conversation("bob", { departed: true }))
    on("Joined", "bob")
    presence.handle(roster(["bob"]), 10)
    expect(isAskedFor()).toBe(false)
    on("Left", "bob")
    expect(bob.absent).toBe(true)
    presence.handle(roster(["bob"]), 20)
    expect(isAskedFor()).toBe(true)
  })

  it("is known by its key: whoever has only its nickname is not asked for", () => {
    context.introduce(conversation("bob"))
    for (const print of ["", "print of somebody else"])
      presence.handle({ _tag: "Changed", nick: "bob", fingerprint: print }, 10)
    expect(isAskedFor()).toBe(false)
  })
})

describe("a list", () => {
  const ask = () => {
    const ticket = context.output.ticket<ReadonlyArray<PeerInfo>, ServerError>()
    presence.list(ticket, 0)
    return ticket
  }
  const listed = (nicks: ReadonlyArray<string>, next?: string) =>
    ({ _tag: "Listed", entries: nicks.map(entry), next }) as const
  const limited = (retryAfterMs: number) =>
    ({ _tag: "Refused", refusal: new Control.RateLimited({ message: "slowly", retryAfterMs }) }) as const

  it("is read whole, page by page and in order, at the pace that the server wants, and answered once", () => {
    const page = fc.record({ size: fc.nat(3), refusals: fc.array(fc.integer({ min: -5, max: 1e9 }), { maxLength: 2 }) })
    fc.assert(
      fc.property(fc.array(page, { minLength: 1, maxLength: 8 }), (pages) => {
        begin()
        const ticket = ask()
        const all: Array<string> = []
        let now = 0
        for (const [index, { refusals, size }] of pages.entries()) {
          expect(context.sent("List")).toEqual([expect.objectContaining(index === 0 ? {} : { after: `${index}` })])
          for (const retryAfterMs of index === 0 ? [] : refusals) {
            presence.handlePage(ticket, limited(retryAfterMs), now)
            expect(context.answers()).toEqual([])
            const at = presence.pollTimeout()!
            expect(at - now).toBe(Math.min(Math.max(retryAfterMs, 0), 5_000))
            presence.handleTimeout(at - 1)
            expect(context.sent("List")).toEqual([])
            presence.handleTimeout(at)
            now = at
            expect(context.sent("List")).toHaveLength(1)
          }
          const nicks = Array.from({ length: size }, (_, at) => `nick ${index} ${at}`)
          all.push(...nicks)
          presence.handlePage(ticket, listed(nicks, index + 1 < pages.length ? `${index + 1}` : undefined), now)
        }
        const found = all.map(entry).map(({ since, ...info }) => info)
        expect(context.answers()).toEqual([{ ticket, result: found }])
        presence.handlePage(ticket, listed(["late"]), now)
        expect(context.answers()).toEqual([])
        expect(presence.pollTimeout()).toBeUndefined()
      }),
      { numRuns: some(200) }
    )
  })

  it("that repeats itself, or is refused before its first page, is an error", () => {
    const endless = ask()
    presence.handlePage(endless, listed(["bob"], "bob"), 10)
    presence.handlePage(endless, listed(["bob"], "bob"), 20)
    const refused = ask()
    presence.handlePage(refused, limited(1_000), 30)
    const unanswered = ask()
    presence.handlePage(unanswered, { _tag: "Unanswered" }, 40)
    const early = ask()
    presence.handlePage(early, { _tag: "Nobody", message: "register first" }, 50)
    expect(context.answers()).toMatchObject([
      { ticket: endless, result: { _tag: "Protocol" } },
      { ticket: refused, result: { _tag: "RateLimited" } },
      { ticket: unanswered, result: { _tag: "ServerUnreachable" } },
      { ticket: early, result: { _tag: "NotRegistered" } }
    ])
  })

  it("that nobody waits for any more is not read on", () => {
    const ticket = ask()
    context.sent("List")
    presence.cancel(ticket)
    presence.handlePage(ticket, listed(["bob"], "bob"), 10)
    expect(context.sent("List")).toEqual([])
    expect(context.answers()).toEqual([])
  })

  it("counts as presence: who is on it, and not on the next whole one, has left", () => {
    presence.handlePage(ask(), listed(["bob", "carol"]), 10)
    for (const now of [20, 30]) presence.handle(roster(["carol"]), now)
    expect(told(), "once").toEqual(["Left bob"])
  })
})
