import * as Schema from "effect/Schema"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { greetingOf } from "../../../src/core/rendezvous/Greeting.js"
import { Welcome } from "../../../src/protocol/Control.js"
import { defaults } from "../../../src/server/ServerOptions.js"
import { some } from "../../support/Effort.js"
import { type Message, Script } from "./support.js"

const tags = (messages: ReadonlyArray<Message>) => messages.map((message) => message._tag)

/** A script that has read its Welcome and, unless told otherwise, is registered. */
const begin = (registered = true, ...options: ConstructorParameters<typeof Script>): Script => {
  const script = new Script(...options)
  expect(tags(script.written())).toEqual(["Welcome"])
  if (registered) expect(tags(script.say({ _tag: "Register", id: 0, nick: "alice" }))).toEqual(["Registered"])
  return script
}

describe("a session", () => {
  test("has no deadline in the past while its requests wait for their turn", () => {
    const script = begin()
    const now = 1_000
    script.session.handleBytes(Buffer.from('{"_tag":"Ping","id":1}\n'), now)
    expect(script.session.canGoOn(now)).toBe(true)
    expect(script.session.pollTimeout() ?? Number.POSITIVE_INFINITY).toBeGreaterThan(now)
    script.session.pauseUntil(now + 50)
    expect(script.session.pollTimeout()).toBe(now + 50)
    script.session.handleTimeout(now + 60)
    expect(script.session.canGoOn(now + 60)).toBe(true)
    expect(script.session.pollTimeout() ?? Number.POSITIVE_INFINITY).toBeGreaterThan(now + 60)
  })

  test("speaks first, and says what it expects", () => {
    const greeting = greetingOf({
      software: "test/1",
      limits: defaults.session,
      udp: [9090, 9091],
      udpAt: [],
      relay: { burst: 262_144.5, perSecond: 100 },
      tokenRequired: true,
      motd: 'hello "you"'
    })
    const challenge = "A".repeat(43)
    const [welcome] = new Script({ welcome: greeting(challenge, 1_774_000_000_000) }).written()
    expect(Schema.decodeUnknownSync(Welcome)(welcome)).toEqual({
      _tag: "Welcome",
      protocol: 1,
      server: "test/1",
      limits: { line: defaults.session.line, idleMs: 45_000, registerMs: 10_000 },
      udp: [9090, 9091],
      relay: true,
      relayRate: { burst: 262_144, bytesPerSecond: 1_264 },
      tokenRequired: true,
      motd: 'hello "you"',
      challenge,
      now: 1_774_000_000_000
    })
  })

  test("lets a person with nc take part", () => {
    const script = begin(false)
    expect(script.say('{"_tag":"Register","id":1,"nick":"nc"}\n')).toMatchObject([
      { _tag: "Registered", id: 1, nick: "nc", lease: 45_000, observed: "192.0.2.1:1000" }
    ])
    expect(script.say("\n")).toEqual([])
    expect(script.say('{"_tag":"List","id":2}\r\n')).toEqual([{ _tag: "Clients", id: 2, clients: [] }])
    expect(script.say('{"_tag":"Exit"}\n')).toEqual([{ _tag: "Bye" }])
    expect(script.session.ending).toBe("exit")
  })

  test("answers pipelined requests in order, however the bytes are cut", () => {
    const requests = [
      { _tag: "Ping", id: 1 },
      { _tag: "List", id: 2 },
      { _tag: "Fly", id: 3 },
      { _tag: "Query", id: 4, nick: "böb" },
      { _tag: "Watch", id: 5 },
      { _tag: "Unwatch", id: 6 },
      { _tag: "Update", id: 7, endpoints: ["192.0.2.1:1"] },
      { _tag: "Register", id: 8, nick: "-x" },
      { _tag: "Exit", id: 9, mood: "lan" }
    ]
    const bytes = Buffer.from(`${requests.map((request) => JSON.stringify(request)).join("\n")}\n`)
    const expected = [
      "Pong",
      "Clients",
      "Unsupported",
      "Peer",
      "Watching",
      "Unwatched",
      "Updated",
      "NickInvalid",
      "Bye"
    ]
    fc.assert(
      fc.property(fc.array(fc.nat({ max: bytes.length }), { maxLength: 30 }), (cuts) => {
        const script = begin()
        const borders = [0, ...cuts, bytes.length].sort((a, b) => a - b)
        const replies = borders.slice(1).flatMap((end, i) => script.say(bytes.subarray(borders[i], end)))
        expect(tags(replies)).toEqual(expected)
        expect(replies.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
        expect(script.session.mood).toBe("lan")
      })
    )
  })

  test("gives the replies to one read as one piece of output", () => {
    const script = begin()
    const pings = Array.from({ length: 100 }, (_, id) => JSON.stringify({ _tag: "Ping", id })).join("\n")
    script.session.handleBytes(Buffer.from(`${pings}\n`), 0)
    expect(script.session.pollCommand(0)).toBeUndefined()
    expect(script.written()).toHaveLength(100)
    expect(script.session.takeOutput()).toBeUndefined()
  })

  test("runs one command at a time and reads nothing meanwhile", () => {
    const { session } = begin()
    session.handleBytes(Buffer.from('{"_tag":"Watch","id":1}\n{"_tag":"Ping","id":2}\n'), 0)
    expect(session.pollCommand(0)).toEqual({ _tag: "Watch" })
    expect(session.pollCommand(0)).toBeUndefined()
    expect(session.wantsInput).toBe(false)
    expect(session.takeOutput()).toBeUndefined()
    session.complete({ _tag: "Watching", version: 3 }, 0)
    expect(session.pollCommand(0)).toBeUndefined()
    expect(session.wantsInput).toBe(true)
    expect(Buffer.from(session.takeOutput()!).toString()).toBe(
      '{"_tag":"Watching","id":1,"version":3}\n{"_tag":"Pong","id":2}\n'
    )
  })

  test.each(["List", "Watch", "Unwatch", "Query", "Update"])("refuses %s before registration", (_tag) => {
    const script = begin(false)
    expect(script.say({ _tag, id: 1, nick: "bob", endpoints: [] })).toMatchObject([{ _tag: "NotRegistered", id: 1 }])
    expect(script.commands).toEqual([])
  })

  test("lets the nickname be tried again after a refusal", () => {
    const { session } = begin(false)
    session.handleBytes(Buffer.from('{"_tag":"Register","id":1,"nick":"alice"}\n'), 0)
    session.pollCommand(0)
    session.complete({ _tag: "Refused", refusal: { _tag: "NickTaken", message: "taken", suggestions: ["alice2"] } }, 0)
    expect(session.registered).toBe(false)
    session.handleBytes(Buffer.from('{"_tag":"Register","id":2,"nick":"alice2"}\n'), 0)
    expect(session.pollCommand(0)).toMatchObject({ _tag: "Register", nickname: { text: "alice2" } })
  })

  test("wants the token where there is one", () => {
    const script = begin(false, { token: "secret" })
    const register = { _tag: "Register", id: 1, nick: "alice" }
    expect(tags(script.say(register))).toEqual(["Unauthorized"])
    expect(tags(script.say({ ...register, token: "secreT" }))).toEqual(["Unauthorized"])
    expect(tags(script.say({ ...register, token: "secret" }))).toEqual(["Registered"])
  })
})

describe("a session ends", () => {
  test("when nobody registers in time, whatever else is sent", () => {
    const script = begin(false)
    script.wait(9000)
    script.say({ _tag: "Ping", id: 1 })
    expect(script.wait(9999)).toEqual([])
    expect(tags(script.wait(10_000))).toEqual(["NotRegistered"])
    expect(script.session.ending).toBe("unregistered")
    expect(script.session.pollTimeout()).toBeUndefined()
  })

  test("when nothing is heard for the idle time, which every byte restarts", () => {
    const script = begin()
    expect(script.wait(44_999)).toEqual([])
    script.say({ _tag: "Ping", id: 1 })
    script.wait(60_000)
    script.say("{")
    expect(script.wait(104_999)).toEqual([])
    expect(tags(script.wait(105_000))).toEqual(["NotRegistered"])
    expect(script.session.ending).toBe("idle")
  })

  test("after five lines that cannot be read", () => {
    const script = begin()
    for (const line of ["x\n", "{}\n", "\xff\n", '{"_tag":"Ping"}\n']) {
      expect(tags(script.say(Buffer.from(line, "latin1")))).toEqual(["Malformed"])
    }
    expect(script.session.ending).toBeUndefined()
    expect(tags(script.say("x\n"))).toEqual(["Malformed", "Malformed"])
    expect(script.session.ending).toBe("malformed")
    expect(script.say({ _tag: "Ping", id: 1 })).toEqual([])
  })

  test("at a line that is too long, before its end has come", () => {
    const script = begin()
    expect(tags(script.say("x".repeat(16_386)))).toEqual(["TooLarge"])
    expect(script.session.ending).toBe("malformed")
  })

  test("with a last word from outside", () => {
    const script = begin()
    script.session.end("replaced", '{"_tag":"Replaced"}\n')
    expect(tags(script.written())).toEqual(["Replaced"])
    script.session.push('{"_tag":"Incoming"}\n')
    expect(script.written()).toEqual([])
  })
})

describe("rates", () => {
  test("of queries: ten at once, then one a second", () => {
    const script = begin()
    const ask = (id: number) => script.say({ _tag: "Query", id, nick: "bob" })[0]!
    for (let id = 1; id <= 10; id++) expect(ask(id)._tag).toBe("Peer")
    expect(ask(11)).toMatchObject({ _tag: "RateLimited", id: 11, retryAfterMs: 1000 })
    script.wait(600)
    expect(ask(12)).toMatchObject({ _tag: "RateLimited", retryAfterMs: 400 })
    script.wait(1000)
    expect(ask(13)._tag).toBe("Peer")
  })

  test("of tries for a nickname", () => {
    const script = begin(false)
    for (let id = 1; id <= 5; id++)
      expect(tags(script.say({ _tag: "Register", id, nick: "/" }))).toEqual(["NickInvalid"])
    expect(tags(script.say({ _tag: "Register", id: 6, nick: "alice" }))).toEqual(["RateLimited"])
  })

  test("of work: the rest is read later, nothing is lost", () => {
    const { burst, perSecond } = defaults.session.work
    const script = begin()
    const total = burst + 3 * perSecond
    const pings = Array.from({ length: total }, (_, id) => `${JSON.stringify({ _tag: "Ping", id })}\n`).join("")
    const first = script.say(pings)
    expect(first.length).toBeLessThanOrEqual(burst)
    expect(first.length).toBeGreaterThan(burst * 0.8)
    expect(script.session.wantsInput).toBe(false)
    const rest = script.wait(6000)
    expect([...first, ...rest].map(({ id }) => id)).toEqual(Array.from({ length: total }, (_, id) => id))
    expect(script.session.wantsInput).toBe(true)
  })

  test("of work: bytes, what is asked for, and refusals all cost", () => {
    const spent = (input: object | string, registered = true) => {
      const { session } = begin(registered)
      const before = session.spent
      session.handleBytes(Buffer.from(typeof input === "string" ? `${input}\n` : `${JSON.stringify(input)}\n`), 0)
      session.pollCommand(0)
      return session.spent - before
    }
    const ping = spent({ _tag: "Ping", id: 1 })
    expect(ping).toBeLessThan(1.5)
    const padded = { _tag: "Ping", id: 1, ...Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`key${i}`, i])) }
    expect(spent(padded)).toBeGreaterThan(20)
    expect(spent({ _tag: "Query", id: 1, nick: "bob" })).toBeGreaterThan(5 * ping)
    expect(spent({ _tag: "List", id: 1 })).toBeGreaterThan(7 * ping)
    expect(spent({ _tag: "Register", id: 1, nick: "x" })).toBeGreaterThan(10 * ping)
    expect(spent({ _tag: "Register", id: 1, nick: "x", identity: "", record: "", proof: "" })).toBeGreaterThan(
      20 * ping
    )
    expect(spent("[")).toBeGreaterThan(9 * ping)
    expect(spent({ _tag: "Fly", id: 1 })).toBeGreaterThan(9 * ping)
    expect(spent({ _tag: "Register", id: 1, nick: " " })).toBeGreaterThan(19 * ping)
  })

  test("of work: those of its networks hold as well, and before a nickname there is little", () => {
    let left = 3
    const allowance = {
      wait: () => (left > 0 ? 0 : 500),
      charge: (_now: number, cost: number) => {
        left -= cost
      }
    }
    const script = begin(false, { allowance })
    const pings = (count: number) => '{"_tag":"Ping","id":1}\n'.repeat(count)
    expect(script.say(pings(10))).toHaveLength(3)
    expect(script.session.pollTimeout()).toBe(500)
    left = 1_000
    expect(script.wait(500)).toHaveLength(7)
    expect(begin(false).say(pings(1_000)).length).toBeLessThan(200)
    expect(begin(true).say(pings(1_000)).length).toBeGreaterThan(500)
  })

  test("of a kind of request: whoever comes again before the time that he was told is not read until then", () => {
    const script = begin()
    const query = (count: number) => '{"_tag":"Query","id":1,"nick":"bob"}\n'.repeat(count)
    expect(script.say(query(10))).toHaveLength(10)
    expect(tags(script.say(query(1)))).toEqual(["RateLimited"])
    expect(script.session.wantsInput).toBe(true)
    expect(tags(script.say(query(50)))).toEqual(["RateLimited"])
    expect(script.session.wantsInput).toBe(false)
    script.now = 500
    expect(script.run()).toEqual([])
  })

  test("of nesting: what is deeper than any request is refused unread, and nothing else", () => {
    const script = begin()
    const deep = `{"_tag":"Ping","id":1,"x":${"[".repeat(1500)}${"]".repeat(1500)}}\n`
    expect(tags(script.say(deep))).toEqual(["Malformed"])
    const text = JSON.stringify({ _tag: "Ping", id: 2, text: `${"[{".repeat(500)}\\"\\` })
    expect(tags(script.say(`${text}\n`))).toEqual(["Pong"])
    const flat = JSON.stringify({ _tag: "Ping", id: 3, x: Array.from({ length: 200 }, () => [1]) })
    expect(tags(script.say(`${flat}\n`))).toEqual(["Pong"])
  })

  test("do not make a client silent whose lines wait", () => {
    const limits = { ...defaults.session, idleMs: 500, work: { burst: 2, perSecond: 1 } }
    const script = begin(true, { limits })
    expect(script.say(`${'{"_tag":"Ping","id":1}\n'.repeat(5)}`)).toHaveLength(1)
    expect(tags(script.wait(3000))).not.toContain("NotRegistered")
    expect(script.session.ending).toBeUndefined()
    expect(tags(script.wait(9000)).slice(-2)).toEqual(["Pong", "NotRegistered"])
  })

  test("of output: a flood of replies waits until the driver has sent the earlier ones", () => {
    const { session } = begin(true, { limits: { ...defaults.session, work: { burst: 100_000, perSecond: 1 } } })
    session.handleBytes(Buffer.from('{"_tag":"Fly","id":7}\n'.repeat(2000)), 0)
    const sizes: Array<number> = []
    let replies = 0
    for (;;) {
      session.pollCommand(0)
      const output = session.takeOutput()
      if (output === undefined) break
      sizes.push(output.length)
      replies += Buffer.from(output).toString().split("\n").length - 1
    }
    expect(replies).toBe(2000)
    expect(sizes.length).toBeGreaterThan(3)
    expect(Math.max(...sizes)).toBeLessThan(33 * 1024)
  })
})

test("no bytes break a session, and its output is always whole lines of JSON", () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
    fc.json().map((json) => Buffer.from(`${json}\n`)),
    fc
      .record({
        _tag: fc.constantFrom("Register", "List", "Watch", "Unwatch", "Query", "Update", "Ping", "Exit"),
        id: fc.oneof(fc.nat(), fc.jsonValue()),
        nick: fc.oneof(fc.string(), fc.jsonValue()),
        endpoints: fc.oneof(fc.constant([]), fc.jsonValue())
      })
      .map((request) => Buffer.from(`${JSON.stringify(request)}\n`))
  )
  fc.assert(
    fc.property(fc.array(fc.tuple(piece, fc.nat({ max: 5000 })), { maxLength: 30 }), (steps) => {
      const script = new Script()
      for (const [bytes, pause] of steps) {
        script.say(new Uint8Array(bytes))
        script.wait(script.now + pause)
      }
      script.wait(script.now + 200_000)
      expect(script.session.ending).toBeDefined()
    }),
    { numRuns: some(300) }
  )
})
