import * as Effect from "effect/Effect"
import { describe, expect, test } from "vitest"
import { Bans } from "../../src/core/rendezvous/Bans.js"
import { Tokens } from "../../src/core/rendezvous/Tokens.js"
import * as Endpoint from "../../src/domain/Endpoint.js"
import { crypto } from "../../src/layers/node/Crypto.js"
import {
  type AdminRequest,
  decodeAdminAnswer,
  decodeAdminRequest,
  encodeAdmin,
  MAX_ADMIN_ANSWER
} from "../../src/protocol/Admin.js"
import { AdminDesk } from "../../src/server/AdminDesk.js"
import type { ServerOptions } from "../../src/server/ServerOptions.js"
import { World } from "../core/client/World.js"

/** A server as callbacks on a virtual clock, its operator, and people who come from where one likes. */
class Place {
  readonly world = new World(1)
  readonly drained: Array<number> = []
  readonly desk: AdminDesk

  constructor(settings: Partial<ServerOptions> = {}, tokens?: Tokens) {
    this.world.startServer(settings, { bans: new Bans(), tokens, keepsBans: true, save: Effect.void })
    this.desk = new AdminDesk(this.hub, this.world.random, (ms) => this.drained.push(ms))
  }

  get hub() {
    return this.world.server!.hub
  }

  /** As over the socket: both are read by their schemas. */
  ask(request: AdminRequest) {
    let line = ""
    this.desk.ask(decodeAdminRequest(encodeAdmin(request))!, (answer) => {
      line = encodeAdmin(answer)
    })
    expect(line.length).toBeLessThan(MAX_ADMIN_ANSWER)
    return decodeAdminAnswer(line)!
  }

  /** A connection that has said this; `said` is what it was told. */
  come(address: string, register: Readonly<Record<string, unknown>>) {
    const { last, said, say } = this.connect(address)
    say({ _tag: "Register", id: 1, ...register })
    return { said, say, last }
  }

  connect(address: string) {
    const said: Array<string> = []
    const handler = this.hub.accept({
      local: Endpoint.parse("192.0.2.1:9090")!,
      remote: Endpoint.make(address, 40_000)!,
      queued: () => 0,
      pause: () => {},
      resume: () => {},
      send: (data) => said.push(...Buffer.from(data).toString().split("\n").slice(0, -1)) > 0,
      end: () => {},
      destroy: () => {}
    })
    const say = (...requests: ReadonlyArray<object>): void => {
      for (const request of requests) handler.onData(Buffer.from(`${JSON.stringify(request)}\n`))
      this.world.pass(1)
    }
    return { said, say, last: () => JSON.parse(said.at(-1)!) as Readonly<Record<string, unknown>> }
  }
}

describe("an operator", () => {
  test("sees who is here, a page at a time", () => {
    const place = new Place({ maxNames: 1_000 })
    for (let i = 0; i < 450; i++) place.come(`203.0.${i >> 8}.${i & 255}`, { nick: `n-${i}` })
    const seen: Array<string> = []
    for (let after: number | undefined = 0; after !== undefined; ) {
      const answer = place.ask({ _tag: "Who", after })
      if (answer._tag !== "Sessions") throw new Error(answer._tag)
      seen.push(...answer.sessions.map(({ nick }) => nick!))
      after = answer.next
    }
    expect(seen).toEqual(Array.from({ length: 450 }, (_, i) => `n-${i}`))
    expect(place.ask({ _tag: "Who", match: "N-44" })).toMatchObject({ sessions: { length: 11 } })
    expect(place.ask({ _tag: "Who", match: "203.0.1.7:" })).toMatchObject({ sessions: [{ nick: "n-263" }] })
    expect(place.ask({ _tag: "Who", match: "nobody" })).toEqual({ _tag: "Sessions", sessions: [] })
    expect(new Place().ask({ _tag: "Who" })).toEqual({ _tag: "Sessions", sessions: [] })
  })

  test("looks for somebody among a thousand at a time, however many are here", () => {
    const place = new Place({ maxNames: 5_000 })
    for (let i = 0; i < 2_500; i++) place.connect(`203.${i >> 8}.${i & 255}.1`)
    place.come("192.0.2.7", { nick: "late" })
    const pages: Array<ReadonlyArray<string | undefined>> = []
    for (let after: number | undefined = 0; after !== undefined; ) {
      const answer = place.ask({ _tag: "Who", match: "late", after })
      if (answer._tag !== "Sessions") throw new Error(answer._tag)
      pages.push(answer.sessions.map(({ nick }) => nick))
      after = answer.next
    }
    expect(pages).toEqual([[], [], ["late"]])
  })

  test("bans addresses: who is there goes, who comes is told why, and both come back when it is over", () => {
    const place = new Place()
    const bob = place.come("203.0.113.7", { nick: "bob" })
    place.come("198.51.100.1", { nick: "carl" })
    expect(place.ask({ _tag: "Ban", what: "203.0.113.0/24", forMs: 60_000, reason: "too loud" })).toEqual({
      _tag: "Done",
      what: "203.0.113.0/24",
      ended: 1,
      kept: true
    })
    const message = expect.stringMatching(/does not let you in until .* UTC: too loud$/)
    expect(bob.last()).toEqual({ _tag: "Unauthorized", message })
    const again = place.come("203.0.113.8", { nick: "dora" })
    expect([again.said.length, again.last()]).toEqual([1, { _tag: "Unauthorized", message }])
    expect(place.hub.stats()).toMatchObject({ connections: 1, refusals: { banned: 1 }, endings: { kicked: 1 } })
    // As `who` shows it, with a port.
    expect(place.ask({ _tag: "Ban", what: "198.51.100.1:40000" })).toMatchObject({ what: "198.51.100.1", ended: 1 })
    expect(place.ask({ _tag: "Allow", what: "198.51.100.1:40000" })).toMatchObject({ _tag: "Done" })
    place.world.pass(60_000)
    expect(place.come("203.0.113.8", { nick: "dora" }).last()).toMatchObject({ _tag: "Registered" })
    expect(place.ask({ _tag: "Bans" })).toEqual({ _tag: "Bans", bans: [] })
  })

  test("ends sessions by name, number, holder and block, and is told when nobody is meant", () => {
    const place = new Place()
    for (const [i, whom] of ["ANN", "#2", "203.0.113.0/24", "203.0.113.7:40000"].entries()) {
      const one = place.come("203.0.113.7", { nick: i === 0 ? "ann" : `n-${i}` })
      expect(place.ask({ _tag: "Kick", whom, reason: "enough" })).toMatchObject({ _tag: "Done", ended: 1 })
      expect(one.last()).toMatchObject({ _tag: "Unauthorized", message: expect.stringContaining(": enough") })
    }
    expect(place.ask({ _tag: "Kick", whom: "ann" })).toMatchObject({ _tag: "Refused", code: "NotFound" })
    expect(place.ask({ _tag: "Ban", what: "ann" })).toMatchObject({ _tag: "Refused", code: "NotFound" })
    place.come("203.0.113.7", { nick: "dora" })
    expect(place.ask({ _tag: "Ban", what: "dora" })).toMatchObject({ _tag: "Refused", code: "NotPossible" })
  })

  test("reserves nicknames", () => {
    const place = new Place()
    place.ask({ _tag: "Reserve", nick: "moonlight" })
    expect(place.come("203.0.113.7", { nick: "rnoonlight" }).last()).toMatchObject({ _tag: "NickReserved" })
    expect(place.ask({ _tag: "Reserved" })).toMatchObject({ nicks: ["moonlight"] })
    place.ask({ _tag: "Release", nick: "moonlight" })
    expect(place.come("203.0.113.7", { nick: "moonlight" }).last()).toMatchObject({ _tag: "Registered" })
    expect(place.ask({ _tag: "Release", nick: "moonlight" })).toMatchObject({ _tag: "Refused", code: "NotFound" })
    expect(place.ask({ _tag: "Reserve", nick: "a b" })).toMatchObject({ _tag: "Refused", code: "Unreadable" })
  })

  test("decides while a claim is under way, as with several nodes", () => {
    const place = new Place()
    const { registry } = place.hub
    const { claim } = registry
    const answers: Array<() => void> = []
    Object.assign(registry, {
      claim: (...[asked, done]: Parameters<typeof claim>) => claim(asked, (answer) => answers.push(() => done(answer)))
    })
    const bob = place.come("203.0.113.7", { nick: "moonlight" })
    place.ask({ _tag: "Reserve", nick: "moonlight" })
    for (const answer of answers) answer()
    expect(bob.last()).toEqual({ _tag: "Unauthorized", message: expect.stringContaining("reserved") })
    expect(place.hub.size).toBe(0)
  })

  test("changes limits while the server runs, all of them or none", () => {
    const place = new Place()
    const limits = { "max-connections": 1, queries: { burst: 2, perSecond: 1 } }
    expect(place.ask({ _tag: "Limits", set: limits })).toMatchObject({ _tag: "Limits", limits })
    place.come("203.0.113.7", { nick: "ann" })
    expect(place.come("203.0.113.8", { nick: "bob" }).last()).toMatchObject({ _tag: "Busy" })
    for (const set of [{ "max-names": 5 }, { __proto__: 5 }, { "max-connections": 7, queries: 5 }, { "send-queue": 5 }])
      expect(place.ask({ _tag: "Limits", set })).toMatchObject(
        Object.keys(set).length === 0 ? { _tag: "Limits" } : { _tag: "Refused", code: "NotPossible" }
      )
    expect(place.hub.settings.maxConnections).toBe(1)
  })

  test("gives people tokens, sees who came with which, and takes one back with its sessions", () => {
    const place = new Place({ token: "for all" }, new Tokens(crypto))
    const given = place.ask({ _tag: "AddToken", name: "alice" })
    if (given._tag !== "Token") throw new Error(given._tag)
    const alice = place.come("203.0.113.7", { nick: "ally", token: given.token })
    expect(place.come("203.0.113.7", { nick: "bob", token: "for all" }).last()).toMatchObject({ _tag: "Registered" })
    for (const token of [undefined, "", "for al", `${given.id}.${"A".repeat(22)}`])
      expect(place.come("203.0.113.8", { nick: "eve", token }).last()).toMatchObject({ _tag: "Unauthorized" })
    expect(place.hub.stats().refusals.token).toBe(4)
    expect(place.ask({ _tag: "Who", match: "alice" })).toMatchObject({ sessions: [{ nick: "ally", holder: "alice" }] })
    expect(place.ask({ _tag: "RevokeToken", which: "alice" })).toMatchObject({ _tag: "Done", ended: 1 })
    expect(alice.last()).toMatchObject({ _tag: "Unauthorized", message: "this access token was revoked" })
    expect(place.come("203.0.113.7", { nick: "ally", token: given.token }).last()).toMatchObject({
      _tag: "Unauthorized"
    })
    expect(place.world.server!.logged.join()).not.toContain(given.token)
    expect(new Place().ask({ _tag: "Tokens" })).toMatchObject({ _tag: "Refused", code: "NotPossible" })
  })

  test("sends everybody on, so many at a time, and nobody new gets in", () => {
    const place = new Place()
    const people = Array.from({ length: 10 }, (_, i) => place.come(`203.0.113.${i}`, { nick: `n-${i}` }))
    place.ask({ _tag: "Drain", forMs: 5_000 })
    expect(place.drained).toEqual([5_000])
    place.hub.drain()
    place.hub.sendOn(3)
    expect(people.map(({ last }) => last()._tag === "Restarting").filter(Boolean)).toHaveLength(3)
    expect(place.come("198.51.100.1", { nick: "late" }).last()).toMatchObject({ _tag: "Busy" })
    place.hub.sendOn(100)
    expect(place.hub.size).toBe(0)
  })
})

test.each([
  [
    "full",
    [
      ["ann", "203.0.113.1:40000"],
      ["bob", "203.0.113.2:40000"]
    ],
    [["cy", "203.0.113.3:40000"]]
  ],
  [
    "names",
    [
      ["ann", ""],
      ["bob", ""]
    ],
    [["cy", ""]]
  ],
  ["nobody", [], []]
] as const)("a server that shows %s to everybody", (listing, listed, joined) => {
  const place = new Place({ listing })
  const ann = place.come("203.0.113.1", { nick: "ann" })
  place.come("203.0.113.2", { nick: "bob" })
  ann.say({ _tag: "List", id: 2 }, { _tag: "Watch", id: 3 })
  place.come("203.0.113.3", { nick: "cy" })
  place.world.pass(5_000)
  const told = ann.said.map((line) => JSON.parse(line))
  const clients: ReadonlyArray<{ nick: string; address: string }> = told.find(({ _tag }) => _tag === "Clients").clients
  expect(clients.map(({ address, nick }) => [nick, address])).toEqual(listed)
  expect(told.some(({ _tag }) => _tag === "Watching")).toBe(true)
  const news = told.filter(({ _tag }) => _tag === "Joined")
  expect(news.map(({ address, nick }) => [nick, address])).toEqual(joined)
  ann.say({ _tag: "Query", id: 4, nick: "bob" })
  expect(ann.last()).toMatchObject({ _tag: "Peer", nick: "bob", address: "203.0.113.2:40000" })
})

test("nothing else is taken for a request", () => {
  for (const line of [
    "",
    "{}",
    "[]",
    '{"_tag":"Who","match":""}',
    '{"_tag":"Drain"}',
    '{"_tag":"Ban","what":"x","forMs":1e99}'
  ])
    expect(decodeAdminRequest(line)).toBeUndefined()
  expect(decodeAdminRequest(`{"_tag":"Who"}`)).toEqual({ _tag: "Who" })
})
