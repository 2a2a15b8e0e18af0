import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type ControlEvent, ControlLink, DEFAULT_PING, WELCOME_TIMEOUT } from "../../../src/core/control/ControlLink.js"
import { MAX_PENDING, REPLY_TIMEOUT } from "../../../src/core/control/PendingRequests.js"
import { MAX_LINE } from "../../../src/protocol/Control.js"

/** A control link and the server's end of it, in virtual time. */
class Script {
  now = 1_000
  readonly link: ControlLink
  readonly sent: Array<{ readonly _tag: string; readonly id: number; readonly [key: string]: unknown }> = []
  readonly events: Array<ControlEvent> = []

  constructor(isEncrypted = false) {
    this.link = new ControlLink(this.now, isEncrypted)
  }

  says(...messages: ReadonlyArray<object>): this {
    return this.saysBytes(bytes(messages.map((message) => `${JSON.stringify(message)}\n`).join("")))
  }

  saysBytes(chunk: Uint8Array): this {
    this.link.handleBytes(chunk, this.now)
    return this.drain()
  }

  /** Lets time pass, ringing at each timeout on the way. */
  passes(ms: number): this {
    const end = this.now + ms
    for (let at = this.link.pollTimeout(); at !== undefined && at <= end; at = this.link.pollTimeout()) {
      this.now = Math.max(at, this.now)
      this.link.handleTimeout(this.now)
      this.drain()
    }
    this.now = end
    return this
  }

  drain(): this {
    for (let event = this.link.pollEvent(); event !== undefined; event = this.link.pollEvent()) this.events.push(event)
    for (let data = this.link.pollTransmit(); data !== undefined; data = this.link.pollTransmit())
      for (const line of new TextDecoder().decode(data).split("\n").slice(0, -1)) this.sent.push(JSON.parse(line))
    return this
  }

  /** The events since the last call. */
  take(): ReadonlyArray<ControlEvent> {
    return this.events.splice(0)
  }

  takeSent() {
    return this.sent.splice(0)
  }
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

const welcome = {
  _tag: "Welcome",
  protocol: 1,
  server: "test",
  challenge: "AAAA",
  limits: { line: 16_384, idleMs: 45_000, registerMs: 10_000 },
  udp: []
}

const greeted = (): Script => {
  const script = new Script().says(welcome)
  script.take()
  return script
}

const presence = (_tag: "Joined" | "Left", version: number, nick: string) => ({
  _tag,
  version,
  nick,
  address: "192.0.2.1:1",
  fingerprint: ""
})

const watching = (version: number): Script => {
  const script = greeted()
  const id = script.link.request({ _tag: "Watch" }, script.now)!
  script.drain().says({ _tag: "Watching", id, version })
  script.take()
  script.takeSent()
  return script
}

describe("a doubt", () => {
  it("ends the link when nothing at all is said in time", () => {
    const script = greeted()
    script.takeSent()
    script.link.check(2_500, script.now)
    expect(script.drain().takeSent()).toEqual([{ _tag: "Ping", id: expect.any(Number) }])
    script.link.check(2_500, script.now)
    expect(script.drain().takeSent()).toEqual([])
    expect(script.passes(2_499).take()).toEqual([])
    expect(script.passes(1).take().at(-1)).toMatchObject({ _tag: "Broken", reason: "Silent" })
  })

  it("ends with any word of the server", () => {
    const script = greeted()
    script.link.check(2_500, script.now)
    script.passes(1_000).says({ _tag: "Presence", here: [], gone: ["bob"] })
    script.take()
    expect(script.passes(5_000).take()).toEqual([])
  })
})

describe("greeting", () => {
  it("becomes ready with the greeting, and not before", () => {
    const script = new Script()
    expect(script.link.request({ _tag: "Ping" }, script.now)).toBeUndefined()
    script.says({ ...welcome, later: "unknown keys are ignored" })
    expect(script.take()).toEqual([{ _tag: "Ready", welcome: expect.objectContaining({ server: "test" }) }])
    expect(script.link.ready).toBe(true)
  })

  it("gives up on a server that says nothing", () => {
    const script = new Script().passes(WELCOME_TIMEOUT - 1)
    expect(script.take()).toEqual([])
    expect(script.passes(1).take()).toEqual([expect.objectContaining({ _tag: "Broken", reason: "Silent" })])
    expect(script.link.pollTimeout()).toBeUndefined()
  })

  it.each([
    [false, "the server did not greet; if it encrypts, say --tls"],
    [true, "the server did not greet; is it a parley server?"]
  ])("says what may be wrong with it, on a link that is encrypted: %s", (isEncrypted, message) => {
    expect(new Script(isEncrypted).passes(WELCOME_TIMEOUT).take()).toMatchObject([{ _tag: "Broken", message }])
  })

  it.each([
    ["another version", { ...welcome, protocol: 2 }],
    ["a message before the greeting", { _tag: "Replaced" }],
    ["wrong fields", { ...welcome, limits: 1 }]
  ])("gives up on %s", (_, message) => {
    expect(new Script().says(message).take()).toEqual([expect.objectContaining({ _tag: "Broken", reason: "Protocol" })])
  })

  it("hands on the reason of a server that turns us away before its greeting", () => {
    const [event] = new Script().says({ _tag: "Busy", message: "full" }).take()
    expect(event).toMatchObject({ _tag: "Refused", refusal: { _tag: "Busy", message: "full" } })
  })
})

describe("requests", () => {
  it("answers each request once, in any order, refusals included", () => {
    const script = greeted()
    const first = script.link.request({ _tag: "Query", nick: "a" }, script.now)!
    const second = script.link.request({ _tag: "List" }, script.now)!
    script.drain()
    expect(script.sent.map(({ _tag, id }) => [_tag, id])).toEqual([
      ["Query", first],
      ["List", second]
    ])
    script.says({ _tag: "Clients", id: second, clients: [] }, { _tag: "NoSuchPeer", id: first, message: "no" })
    expect(script.take()).toMatchObject([
      { _tag: "Answered", id: second, reply: { _tag: "Clients" } },
      { _tag: "Answered", id: first, reply: { _tag: "NoSuchPeer" } }
    ])
  })

  it("gives a request up after its time, and ignores the reply that comes later", () => {
    const script = greeted()
    const id = script.link.request({ _tag: "List" }, script.now)!
    script.passes(REPLY_TIMEOUT)
    expect(script.take()).toEqual([{ _tag: "Unanswered", id }])
    expect(script.says({ _tag: "Clients", id, clients: [] }).take()).toEqual([])
    expect(script.link.ready).toBe(true)
  })

  it("bounds the unanswered ones", () => {
    const script = greeted()
    for (let i = 0; i < MAX_PENDING; i++) expect(script.link.request({ _tag: "List" }, script.now)).toBeTypeOf("number")
    expect(script.link.request({ _tag: "List" }, script.now)).toBeUndefined()
  })

  it("breaks on an answer to nothing and on the wrong answer, ending every wait", () => {
    const unasked = greeted()
    expect(unasked.says({ _tag: "Pong", id: 77 }).take()).toMatchObject([{ _tag: "Broken", reason: "Protocol" }])

    const wrong = greeted()
    const id = wrong.link.request({ _tag: "List" }, wrong.now)!
    const other = wrong.link.request({ _tag: "Query", nick: "x" }, wrong.now)!
    expect(wrong.says({ _tag: "Pong", id }).take()).toMatchObject([
      { _tag: "Unanswered", id: other },
      { _tag: "Broken", reason: "Protocol" }
    ])
    expect(wrong.link.request({ _tag: "List" }, wrong.now)).toBeUndefined()
  })

  it("ignores messages of a later version", () => {
    const script = greeted()
    expect(script.says({ _tag: "Gossip", id: 9 }, { _tag: "toString" }, { _tag: "__proto__" }).take()).toEqual([])
    expect(script.link.ready).toBe(true)
  })

  it("takes a refusal of a later version for one, with its own words", () => {
    const script = greeted()
    const id = script.link.request({ _tag: "Query", nick: "a" }, script.now)!
    script.drain().says({ _tag: "OutOfHours", id, message: "come back at nine" })
    expect(script.take()).toMatchObject([
      { _tag: "Answered", id, reply: { _tag: "NotAccepting", message: "come back at nine" } }
    ])
  })

  it.each(["not json", "[]", "null", '"x"', "{}", '{"_tag":7}'])("breaks on %s", (line) => {
    expect(
      greeted()
        .saysBytes(bytes(`${line}\n`))
        .take()
    ).toMatchObject([{ _tag: "Broken", reason: "Protocol" }])
  })

  it("doubts what never greeted to be a server of ours, and no other", () => {
    const told = (script: Script, line: string) => script.saysBytes(bytes(`${line}\n`)).take()
    const doubt = expect.stringContaining("is it a parley server?")
    expect(told(new Script(), "SSH-2.0-x")).toMatchObject([{ _tag: "Broken", message: doubt }])
    for (const [script, line] of [
      [greeted(), "junk"],
      [new Script(), JSON.stringify({ ...welcome, protocol: 2 })]
    ] as const)
      expect(told(script, line)).toMatchObject([{ _tag: "Broken", message: expect.not.stringContaining("is it") }])
  })

  it("breaks on a line over the limit without waiting for its end", () => {
    const script = greeted().saysBytes(new Uint8Array(MAX_LINE + 2).fill(0x20))
    expect(script.take()).toMatchObject([{ _tag: "Broken", reason: "Protocol" }])
  })
})

describe("liveness", () => {
  it("pings at its pace while the server answers", () => {
    const script = greeted()
    for (let i = 0; i < 5; i++) {
      script.passes(DEFAULT_PING)
      const pings = script.takeSent()
      expect(pings.map(({ _tag }) => _tag)).toEqual(["Ping"])
      script.says({ _tag: "Pong", id: pings[0]!.id })
    }
    expect(script.take()).toEqual([])
  })

  it("breaks when a ping is not answered", () => {
    const script = greeted().passes(DEFAULT_PING + REPLY_TIMEOUT)
    expect(script.take()).toMatchObject([{ _tag: "Broken", reason: "Silent" }])
  })

  it("keeps a shorter lease alive, but does not let the server make it flood", () => {
    const script = greeted()
    const register = (lease: number) => {
      const id = script.link.request({ _tag: "Register", nick: "a" }, script.now)!
      script.drain().says({ _tag: "Registered", id, nick: "a", lease, observed: "192.0.2.1:1", resume: "" })
      script.takeSent()
    }
    register(6_000)
    script.passes(2_000)
    expect(script.takeSent()).toHaveLength(1)
    register(0)
    script.passes(5_000)
    expect(script.takeSent().length).toBeLessThanOrEqual(5)
  })
})

describe("presence", () => {
  it("hands on events in step and drops stale ones", () => {
    const script = watching(10)
    script.says(presence("Joined", 11, "a"), presence("Left", 11, "a"), presence("Joined", 9, "z"))
    expect(script.take()).toMatchObject([{ _tag: "Joined", nick: "a" }])
    expect(script.takeSent()).toEqual([])
  })

  it("hands on what is told of single nicknames, and does not mix it up with that of everybody", () => {
    const script = watching(1)
    const nicks = ["a"]
    const [watch, unwatch] = (["Watch", "Unwatch"] as const).map((_tag) =>
      script.link.request({ _tag, nicks }, script.now)
    )
    const change = { _tag: "Presence", here: [{ nick: "a" }], gone: ["b"] }
    script
      .drain()
      .says({ _tag: "Watching", id: watch, version: 7, here: [] }, change, { _tag: "Unwatched", id: unwatch })
    expect(script.take().map(({ _tag }) => _tag)).toEqual(["Answered", "Presence", "Answered"])
    script.says(presence("Joined", 2, "a"))
    expect(script.take()).toMatchObject([{ _tag: "Joined" }])
    const all = script.link.request({ _tag: "Unwatch" }, script.now)
    script.drain().says({ _tag: "Unwatched", id: all }, presence("Joined", 3, "b"))
    expect(script.take().map(({ _tag }) => _tag)).toEqual(["Answered"])
  })

  it("reads the whole list again after a gap; what events touch meanwhile is left to them", () => {
    const script = watching(1).says(presence("Joined", 3, "late"))
    expect(script.take()).toMatchObject([{ _tag: "Joined", nick: "late" }])
    const [page1] = script.takeSent()
    expect(page1).toMatchObject({ _tag: "List" })
    const entry = (nick: string) => ({ nick, address: "192.0.2.1:1", fingerprint: "", since: 0 })
    script.says({ _tag: "Clients", id: page1!.id, clients: [entry("a"), entry("b")], next: "b" })
    const [page2] = script.takeSent()
    expect(page2).toMatchObject({ _tag: "List", after: "b" })
    script.says(presence("Left", 4, "a"), { _tag: "Clients", id: page2!.id, clients: [entry("late")] })
    expect(script.take()).toMatchObject([
      { _tag: "Left", nick: "a" },
      { _tag: "Roster", complete: true, clients: [{ nick: "b" }, { nick: "late" }] }
    ])
  })

  it("gives a re-read up quietly, and starts another at the next gap", () => {
    const script = watching(1).says(presence("Joined", 3, "a"))
    const [page] = script.takeSent()
    script.says({ _tag: "RateLimited", id: page!.id, message: "slow down", retryAfterMs: 1 }, presence("Left", 5, "a"))
    expect(script.take().map(({ _tag }) => _tag)).toEqual(["Joined", "Left"])
    expect(script.takeSent()).toMatchObject([{ _tag: "List" }])
  })

  it("ends the re-read of a list that does not end", () => {
    const script = watching(1).says(presence("Joined", 3, "x"))
    const clients = Array.from({ length: 60 }, (_, i) => ({ nick: `n${i}`, address: "", fingerprint: "", since: 0 }))
    let pages = 0
    for (let [page] = script.takeSent(); page !== undefined; [page] = script.takeSent(), pages++)
      script.says({ _tag: "Clients", id: page.id, clients, next: "more" })
    expect(pages).toBeLessThan(200)
    expect(script.take().at(-1)).toMatchObject({ _tag: "Roster", complete: false })
  })
})

describe("properties", () => {
  const message = fc.oneof(
    fc.constant(welcome),
    fc.record({ _tag: fc.constantFrom("Joined", "Left"), version: fc.nat(20), nick: fc.string() }).map((event) => ({
      ...presence("Joined", event.version, event.nick),
      _tag: event._tag
    })),
    fc.record({ _tag: fc.constantFrom("Pong", "Bye", "Updated", "Watching"), id: fc.nat(5), version: fc.nat(5) }),
    fc.constant({ _tag: "Restarting", inMs: 1, spreadMs: 2 })
  )

  it("does not depend on where the chunks are cut", () => {
    fc.assert(
      fc.property(fc.array(message), fc.array(fc.nat(200), { maxLength: 20 }), (messages, cuts) => {
        const stream = bytes([welcome, ...messages].map((each) => `${JSON.stringify(each)}\r\n`).join(""))
        const whole = new Script().saysBytes(stream.slice())
        const pieces = new Script()
        let at = 0
        for (const cut of [...cuts.map((length) => length + 1), stream.length]) {
          pieces.saysBytes(stream.slice(at, at + cut))
          at += cut
        }
        expect(pieces.events).toEqual(whole.events)
      })
    )
  })

  it("never throws and always knows its next timeout, whatever comes", () => {
    const input = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      message.map((each) => bytes(`${JSON.stringify(each)}\n`)),
      fc.json().map((json) => bytes(`${json}\n`))
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(input, fc.nat(20_000))), (steps) => {
        const script = new Script().says(welcome)
        for (const [chunk, ms] of steps) {
          script.link.request({ _tag: "List" }, script.now)
          script.saysBytes(chunk).passes(ms)
        }
        const broken = script.events.findIndex(({ _tag }) => _tag === "Broken")
        expect(script.link.pollTimeout() === undefined).toBe(broken >= 0)
        if (broken >= 0) expect(broken).toBe(script.events.length - 1)
      })
    )
  })
})
