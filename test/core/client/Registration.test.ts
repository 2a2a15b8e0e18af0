import * as Either from "effect/Either"
import * as fc from "fast-check"
import { beforeEach, describe, expect, it } from "vitest"
import { CandidateGatherer } from "../../../src/core/client/CandidateGatherer.js"
import type { RegisterError } from "../../../src/core/client/ClientError.js"
import type { Ticket } from "../../../src/core/client/Output.js"
import type { PeerInfo } from "../../../src/core/client/PeerInfo.js"
import { Registration } from "../../../src/core/client/Registration.js"
import * as Nickname from "../../../src/domain/Nickname.js"
import * as Control from "../../../src/protocol/Control.js"
import { some } from "../../support/Effort.js"
import { Context, line, WELCOME } from "./Context.js"
import { Somebody } from "./Somebody.js"

const ann = new Somebody("ann", 1)
const TAKEN = { _tag: "NickTaken", message: "taken", suggestions: ["ann2"] }

/** The part with its link, and a server that the test plays. */
class Setup extends Context {
  readonly registration = new Registration(
    this,
    new CandidateGatherer(this, {
      ports: { ipv4: 4000, ipv6: undefined },
      addresses: [{ family: "ipv4", address: "192.168.1.5" }],
      stunServers: 0,
      portMapping: false,
      now: 0
    }),
    "token"
  )
  /** Requests that are not answered, oldest first. */
  readonly asked: Array<{ readonly id: number; readonly nick: string }> = []
  now = 10

  register(nick: string): Ticket<PeerInfo, RegisterError> {
    const ticket = this.output.ticket<PeerInfo, RegisterError>()
    this.registration.register(nick, ticket, this.now)
    this.settle()
    return ticket
  }

  open(): void {
    this.registration.profileOpened(ann.profile(), this.now)
    this.settle()
  }

  /** The server's answer to the oldest request. */
  reply(message?: object): void {
    const { id, nick } = this.asked.shift()!
    const registered = { _tag: "Registered", nick, lease: 45_000, observed: "203.0.113.1:1", resume: "" }
    this.link.handleBytes(line({ ...(message ?? registered), id }), this.now)
    this.settle()
  }

  breakLink(): void {
    this.link.handleDisconnected("reset", this.now)
    this.asked.length = 0
    this.settle()
  }

  reconnect(): void {
    if (this.rendezvous.ready) return
    this.now = Math.max(this.now, this.link.pollTimeout() ?? this.now)
    this.link.handleTimeout(this.now)
    if (!this.link.pollDial()) return
    const at = { family: "ipv4", address: "192.168.1.5", port: 1 } as const
    this.link.handleConnected(at, at, this.now)
    this.link.handleBytes(line(WELCOME), this.now)
    this.settle()
  }

  /** Lets time pass to where the part wants to act, if it does. */
  wait(): void {
    this.now = Math.max(this.now, this.registration.pollTimeout() ?? this.now)
    this.registration.handleTimeout(this.now)
    this.settle()
  }

  settle(): void {
    for (let event = this.rendezvous.pollEvent(this.now); event; event = this.rendezvous.pollEvent(this.now)) {
      if (event._tag === "Ready") this.registration.ready(event.occasion, event.greeting, this.now)
      if (event._tag === "Down") this.registration.lost()
      if (event._tag !== "Answered" || event.purpose._tag !== "Register") continue
      const { answer, purpose } = event
      if (this.registration.handleAnswer(purpose, answer, this.now) === "Registered")
        this.registration.settle(purpose, this.now)
    }
    for (const request of this.sent("Register")) this.asked.push(request as never)
  }
}

let setup: Setup

const begin = () => {
  setup = new Setup()
  setup.settle()
}

/** Registered as ann, and told so. */
const registered = () => {
  setup.register("ann")
  setup.open()
  setup.reply()
  setup.answers()
  setup.events()
  setup.wishes()
}

beforeEach(begin)

describe("the first registration", () => {
  it("opens the profile of its nickname, asks with a signed record, and makes the profile ours", () => {
    const ticket = setup.register("Ann")
    expect(setup.wishes()).toEqual(["OpenProfile"])
    expect(setup.asked).toEqual([])
    expect(setup.registration.wanted, "nothing is dialled for a profile that may never open").toBe(false)
    setup.open()
    expect(setup.registration.wanted).toBe(true)
    expect(setup.asked).toEqual([
      expect.objectContaining({ nick: "Ann", token: "token", endpoints: ["192.168.1.5:4000"] })
    ])
    expect(setup.own.profile).toBeUndefined()
    setup.reply()
    expect(setup.own.peer).toBe(ann.peer)
    const info = { nick: "Ann", address: "203.0.113.1:1", fingerprint: ann.fingerprint }
    expect(setup.answers()).toEqual([{ ticket, result: info }])
    expect(setup.events()).toEqual([{ _tag: "Registered", ...info }])
  })

  it("that is refused lets go of its profile before it is answered, so that the next one finds it free", () => {
    const first = setup.register("ann")
    const second = setup.register("bea")
    setup.open()
    setup.reply(TAKEN)
    expect(setup.wishes()).toEqual(["OpenProfile", "DropProfile"])
    expect(setup.answers()).toEqual([])
    setup.registration.profileDropped(setup.now)
    setup.settle()
    expect(setup.answers()).toMatchObject([{ ticket: first, result: { _tag: "NickTaken" } }])
    expect(setup.wishes()).toEqual(["OpenProfile"])
    setup.registration.profileFailed("no room", setup.now)
    expect(setup.answers()).toMatchObject([{ ticket: second, result: { _tag: "Profile" } }])
    expect(setup.registration.wanted).toBe(false)
  })

  it("whose answer is lost keeps its identity for the next try, for the server may have bound the nickname to it", () => {
    const identities: Array<unknown> = []
    const noReply = { _tag: "Register", asked: true, profile: ann.profile(), record: ann.record() } as const
    const lose = () => {
      const [{ nick, identity }] = setup.asked.splice(0) as never as [{ nick: string; identity: string }]
      identities.push(identity)
      const purpose = { ...noReply, nick: Either.getOrThrow(Nickname.parse(nick)) }
      setup.registration.handleAnswer(purpose, { _tag: "Unanswered" }, setup.now)
      setup.settle()
    }
    const first = setup.register("ann")
    setup.open()
    lose()
    expect(setup.answers()).toMatchObject([{ ticket: first, result: { _tag: "ServerUnreachable" } }])
    expect(setup.wishes(), "it is not let go of").toEqual(["OpenProfile"])
    const second = setup.register("Ann")
    expect(setup.wishes(), "nor opened again").toEqual([])
    lose()
    expect(identities[1]).toBe(identities[0])
    expect(setup.answers()).toMatchObject([{ ticket: second, result: { _tag: "ServerUnreachable" } }])
    // Another one ends that, and leaves on disk what the server may know.
    const third = setup.register("bea")
    expect(setup.output.pollWish()).toEqual({ _tag: "DropProfile", mayBeKnown: true })
    setup.registration.profileDropped(setup.now)
    expect(setup.wishes()).toEqual(["OpenProfile"])
    setup.open()
    setup.reply()
    expect(setup.answers()).toMatchObject([{ ticket: third, result: { nick: "bea" } }])
  })

  it("says who has the nickname when it is another program of ours, which holds its profile", () => {
    setup.register("ann")
    setup.registration.profileOpened(ann.profile({ persistent: false }), setup.now)
    setup.settle()
    setup.reply(TAKEN)
    setup.registration.profileDropped(setup.now)
    expect(setup.answers()).toMatchObject([{ result: { _tag: "NickTaken", byOurselves: true } }])
  })
})

describe("a call that nobody waits for any more", () => {
  it("is not answered; what the server grants nevertheless is ours, and what it refuses lets go of the profile", () => {
    for (const isGranted of [true, false]) {
      begin()
      const ticket = setup.register("ann")
      setup.open()
      setup.registration.cancel(ticket, setup.now)
      setup.reply(isGranted ? undefined : TAKEN)
      setup.registration.profileDropped(setup.now)
      expect(setup.answers()).toEqual([])
      expect(setup.own.registration?.nick).toBe(isGranted ? "ann" : undefined)
      expect(setup.wishes()).toEqual(isGranted ? ["OpenProfile"] : ["OpenProfile", "DropProfile"])
    }
  })
})

describe("a nickname that is ours", () => {
  it("leads to our profile from then on when it is another one, and not when it is taken back", () => {
    registered()
    setup.register("bea")
    setup.reply()
    expect(setup.wishes()).toEqual(["NameProfile"])
    setup.breakLink()
    setup.reconnect()
    setup.reply()
    expect(setup.wishes()).toEqual([])
  })

  it("is taken back after an outage by itself, and told", () => {
    registered()
    setup.breakLink()
    expect(setup.own.registration).toBeUndefined()
    setup.reconnect()
    expect(setup.asked).toEqual([expect.objectContaining({ nick: "ann" })])
    setup.reply()
    expect(setup.own.registration).toMatchObject({ nick: "ann" })
    expect(setup.events()).toMatchObject([{ _tag: "Registered", nick: "ann" }])
    expect(setup.answers(), "nobody waits for it").toEqual([])
    setup.registration.renew(setup.now)
    setup.settle()
    expect(setup.asked, "the record is fresh").toEqual([])
  })

  it("and was taken meanwhile is told of once, and asked for until it is free", () => {
    registered()
    setup.breakLink()
    setup.reconnect()
    for (let round = 0; round < 3; round++) {
      setup.reply(TAKEN)
      const at = setup.now
      setup.wait()
      expect(setup.now - at).toBe(5_000)
      expect(setup.asked).toHaveLength(1)
    }
    expect(setup.events()).toEqual([{ _tag: "NickTaken", nick: "ann", suggestions: ["ann2"] }])
    setup.reply()
    expect(setup.events()).toMatchObject([{ _tag: "Registered", nick: "ann" }])
  })

  it("is asked for at the pace of the server, and given up when it may never be had", () => {
    registered()
    setup.breakLink()
    setup.reconnect()
    for (const [refusal, pause] of [
      [{ _tag: "Busy", message: "busy" }, 1_000],
      [{ _tag: "RateLimited", message: "slowly", retryAfterMs: 7_000 }, 7_000],
      [{ _tag: "RateLimited", message: "slowly", retryAfterMs: 0 }, 1_000]
    ] as const) {
      setup.reply(refusal)
      const at = setup.now
      setup.wait()
      expect(setup.now - at).toBe(pause)
    }
    setup.reply({ _tag: "NickReserved", message: "reserved" })
    expect(setup.events()).toEqual([expect.objectContaining({ _tag: "Failed", code: "NickReserved" })])
    expect(setup.registration.wanted).toBe(false)
    expect(setup.registration.pollTimeout()).toBeUndefined()
  })

  it("is asked for again now and then at a server that says it is another one, and that is told once", () => {
    registered()
    setup.breakLink()
    setup.reconnect()
    for (let round = 0; round < 3; round++) {
      setup.reply({ _tag: "NotThisServer", message: "start it with --name x" })
      const at = setup.now
      setup.wait()
      expect(setup.now - at).toBe(30_000)
    }
    expect(setup.events()).toEqual([expect.objectContaining({ _tag: "Failed", code: "NotThisServer" })])
    setup.reply()
    expect(setup.events()).toMatchObject([{ _tag: "Registered", nick: "ann" }])
  })

  it("is not asked for again over a call of the user for another one", () => {
    registered()
    setup.breakLink()
    setup.reconnect()
    setup.reply(TAKEN)
    setup.register("bea")
    setup.wait()
    expect(setup.asked.map(({ nick }) => nick)).toEqual(["bea"])
    setup.reply()
    expect(setup.own.wanted?.text).toBe("bea")
    expect(setup.registration.pollTimeout()).toBeUndefined()
  })

  it("ends the client only when the server does not let us in any more", () => {
    registered()
    const [purpose] = [{ _tag: "Register", asked: false, profile: ann.profile(), nick: setup.own.wanted! }] as const
    const refusal = new Control.Unauthorized({ message: "no token" })
    const ended = setup.registration.handleAnswer(
      { ...purpose, record: ann.record() },
      { _tag: "Refused", refusal },
      setup.now
    )
    expect(ended).toMatchObject({ _tag: "Unauthorized" })
  })
})

describe("a greeting", () => {
  it("is told once, and again when it has changed", () => {
    const occasion = { challenge: new Uint8Array(32) }
    for (const text of ["hello", "hello", undefined, "hello", "goodbye"])
      setup.registration.ready(occasion, text, setup.now)
    expect(setup.events().map((event) => event._tag === "Greeting" && event.text)).toEqual([
      "hello",
      "hello",
      "goodbye"
    ])
  })
})

/** What may happen beside calls. */
const PLAIN = ["open", "fail", "drop", "grant", "refuse", "break", "reconnect", "wait"] as const

describe("calls for a nickname", () => {
  const step = fc.oneof(
    fc.record({ what: fc.constant("register" as const), nick: fc.constantFrom("ann", "bea", "carl", "") }),
    fc.record({ what: fc.constant("cancel" as const), which: fc.nat(5) }),
    fc.record({ what: fc.constantFrom(...PLAIN) })
  )

  it("are each answered once and in their turn, unless cancelled; at most one is under way", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        begin()
        const calls: Array<Ticket<PeerInfo, RegisterError>> = []
        const cancelled = new Set<Ticket<PeerInfo, RegisterError>>()
        const answered: Array<Ticket<unknown>> = []
        let pending: "OpenProfile" | "DropProfile" | undefined
        const look = () => {
          answered.push(...setup.answers().map(({ ticket }) => ticket))
          for (const wish of setup.wishes()) {
            // Nobody waits for it.
            if (wish === "NameProfile") continue
            expect(pending, "one wish after the other").toBeUndefined()
            pending = wish as "OpenProfile"
          }
          expect(setup.asked.length, "with our own attempt to take the old one back").toBeLessThanOrEqual(2)
        }
        const act = (what: (typeof PLAIN)[number]) => {
          const isAsked = setup.asked.length > 0
          if (what === "open" && pending === "OpenProfile") {
            pending = undefined
            setup.open()
          } else if (what === "fail" && pending === "OpenProfile") {
            pending = undefined
            setup.registration.profileFailed("no room", setup.now)
            setup.settle()
          } else if (what === "drop" && pending === "DropProfile") {
            pending = undefined
            setup.registration.profileDropped(setup.now)
            setup.settle()
          } else if (what === "grant" && isAsked) setup.reply()
          else if (what === "refuse" && isAsked) setup.reply(TAKEN)
          else if (what === "break") setup.breakLink()
          else if (what === "reconnect") setup.reconnect()
          else if (what === "wait") setup.wait()
          look()
        }
        for (const one of steps) {
          if (one.what === "register") calls.push(setup.register(one.nick))
          else if (one.what !== "cancel") act(one.what)
          else if (calls[one.which] !== undefined && !answered.includes(calls[one.which]!)) {
            cancelled.add(calls[one.which]!)
            setup.registration.cancel(calls[one.which]!, setup.now)
            setup.settle()
          }
          look()
        }
        setup.link.setWanted(true)
        for (let round = 0; round < 2 * calls.length + 3; round++)
          for (const what of ["reconnect", "open", "grant", "drop", "wait"] as const) act(what)
        const expected = calls.filter((ticket) => !cancelled.has(ticket))
        expect([...answered].sort()).toEqual([...expected].sort())
      }),
      { numRuns: some(500) }
    )
  })
})
