import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { LanRendezvous } from "../../../src/core/client/LanRendezvous.js"
import { type Asked, Rendezvous, type RendezvousEvent } from "../../../src/core/client/Rendezvous.js"
import { ServerLink } from "../../../src/core/client/ServerLink.js"
import * as Endpoint from "../../../src/domain/Endpoint.js"
import { crypto } from "../../../src/layers/node/Crypto.js"
import { some } from "../../support/Effort.js"
import { line, WELCOME } from "./Context.js"
import { Somebody } from "./Somebody.js"

const at = (text: string) => Endpoint.parse(text)!
const ann = new Somebody("ann", 11)
const bob = new Somebody("bob", 12)
const BODY = { _tag: "Register", nick: "ann" } as const

const own = (number: number) => [{ family: "ipv4" as const, address: `192.168.1.${number}`, loopback: false }]

/** A rendezvous with a server that the test plays, a local network with whom the test puts there, or both. */
class Setup {
  readonly server: ServerLink<Asked<string>> | undefined
  readonly lan: LanRendezvous<Asked<string>> | undefined
  readonly rendezvous: Rendezvous<string>
  now = 0
  /** Requests that the server has not answered. */
  readonly asked: Array<{ readonly _tag: string; readonly id: number }> = []

  constructor(where: "server" | "lan" | "both", remote?: string) {
    const random = (length: number) => new Uint8Array(length).fill(1)
    if (where !== "lan") this.server = new ServerLink({ random })
    if (where !== "server") this.lan = new LanRendezvous({ crypto, random, port: 4000, addresses: own(11) })
    this.rendezvous = new Rendezvous(this.server, this.lan)
    this.rendezvous.setWanted(true)
    if (this.server !== undefined) this.connect(remote)
  }

  connect(remote = "198.51.100.1:9090"): void {
    this.server!.setWanted(true)
    this.server!.handleTimeout(this.server!.pollTimeout() ?? 0)
    if (!this.server!.pollDial()) return
    this.server!.handleConnected(at("192.168.1.11:1"), at(remote), 0)
    this.server!.handleBytes(line(WELCOME), 0)
  }

  /** Puts somebody on the local network, whose card we hold from then on. */
  meet(who: Somebody, number = 12): LanRendezvous<Asked<string>> {
    const other = new LanRendezvous<Asked<string>>({
      crypto,
      random: (length) => new Uint8Array(length),
      port: 4000,
      addresses: own(number)
    })
    other.show(who.card(), 0)
    this.lan!.handleFound(other.pollJoin()!, at(`192.168.1.${number}:5353`), 0)
    this.carry(other, number)
    return other
  }

  carry(other: LanRendezvous<Asked<string>>, number = 12): void {
    const from = at(`192.168.1.${number}:5353`)
    for (let packet = this.lan!.pollTransmit(); packet !== undefined; packet = this.lan!.pollTransmit()) {
      other.handleDatagram(at("192.168.1.11:5353"), packet.data, 0)
      for (let answer = other.pollTransmit(); answer !== undefined; answer = other.pollTransmit())
        this.lan!.handleDatagram(from, answer.data, 0)
    }
  }

  events(): ReadonlyArray<RendezvousEvent<string>> {
    const found: Array<RendezvousEvent<string>> = []
    for (let event = this.rendezvous.pollEvent(this.now); event; event = this.rendezvous.pollEvent(this.now))
      found.push(event)
    return found
  }

  /** What the server answers to its oldest request. */
  reply(message: object): void {
    this.hear()
    this.server!.handleBytes(line({ ...message, id: this.asked.shift()!.id }), 0)
  }

  hear(): void {
    for (let output = this.server?.pollTransmit(); output !== undefined; output = this.server?.pollTransmit())
      if (typeof output !== "string") this.asked.push(JSON.parse(new TextDecoder().decode(output)))
  }

  /** Registered, and heard of it. */
  begin(): this {
    this.rendezvous.register(BODY, ann.card(), "register", 0)
    if (this.server !== undefined) this.reply(REGISTERED)
    this.events()
    // The first second of the local network is over.
    this.now = 2_000
    this.lan?.handleTimeout(this.now)
    return this
  }
}

const REGISTERED = { _tag: "Registered", nick: "ann", lease: 45_000, observed: "203.0.113.1:1", resume: "" }
const NO_SUCH_PEER = { _tag: "NoSuchPeer", message: "nobody" }

const page = (people: ReadonlyArray<Somebody>, next?: string) => ({
  _tag: "Clients",
  clients: people.map(({ fingerprint, nick }) => ({ nick, address: "203.0.113.5:1", fingerprint, since: 0 })),
  ...(next === undefined ? {} : { next })
})

/** The nicknames of the only list among these events. */
const listed = (events: ReadonlyArray<RendezvousEvent<string>>) =>
  events.flatMap((event) =>
    event._tag === "Answered" && event.answer._tag === "Listed" ? event.answer.entries.map(({ nick }) => nick) : []
  )

describe("a rendezvous at a server alone", () => {
  it("believes in loopback addresses of somebody only if the server is on this machine, and sees them there too", () => {
    const candidates = ["127.0.0.1:53", "169.254.169.254:80", "224.0.0.251:5353", "192.168.1.12:4000", "nonsense"]
    for (const [remote, address, isHere] of [
      ["127.0.0.1:9090", "127.0.0.1:5", true],
      ["127.0.0.1:9090", "203.0.113.5:5", false],
      ["198.51.100.1:9090", "127.0.0.1:5", false],
      ["127.0.0.1:9090", "", false]
    ] as const) {
      const setup = new Setup("server", remote).begin()
      const usable = isHere ? ["127.0.0.1:53", "192.168.1.12:4000"] : ["192.168.1.12:4000"]
      setup.rendezvous.query("bob", "query", setup.now)
      setup.reply({ _tag: "Peer", nick: "bob", address, candidates, channel: "AAAAAAAAAAE", pairKey: "" })
      expect(setup.events()).toMatchObject([{ answer: { introduction: { isHere, candidates: usable } } }])
      const incoming = { _tag: "Incoming", nick: "bob", address, candidates, channel: "AAAAAAAAAAE", pairKey: "" }
      setup.server!.handleBytes(line(incoming), 0)
      expect(setup.events()).toMatchObject([{ _tag: "Incoming", isHere, candidates: usable }])
    }
  })

  it("answers with what the server says, and tells that it is gone before what it leaves unanswered", () => {
    const setup = new Setup("server").begin()
    expect(setup.rendezvous.ready).toBe(true)
    setup.rendezvous.query("bob", "query", 0)
    setup.reply({ _tag: "Peer", ...bob.offered() })
    expect(setup.events()).toEqual([
      { _tag: "Answered", purpose: "query", answer: expect.objectContaining({ _tag: "Introduced" }) }
    ])
    setup.rendezvous.query("bob", "again", 0)
    setup.server!.handleDisconnected("reset", 0)
    expect(setup.events()).toMatchObject([
      { _tag: "Down" },
      { _tag: "Answered", purpose: "again", answer: { _tag: "Unanswered" } },
      { _tag: "Lost" }
    ])
    expect(setup.rendezvous.ready).toBe(false)
  })
})

describe("a rendezvous on the local network alone", () => {
  it("is ready once it is wanted, and tells who is there", () => {
    const setup = new Setup("lan")
    expect(setup.events()).toEqual([expect.objectContaining({ _tag: "Ready", remote: undefined })])
    setup.rendezvous.setWanted(true)
    expect(setup.events()).toEqual([])
    setup.rendezvous.list(undefined, "early", 0)
    expect(setup.events()).toMatchObject([{ purpose: "early", answer: { _tag: "Nobody" } }])
    setup.begin()
    setup.meet(bob)
    expect(setup.events()).toMatchObject([{ _tag: "Joined", nick: "bob" }])
    setup.rendezvous.list(undefined, "list", 2_000)
    expect(listed(setup.events())).toEqual(["ann", "bob"])
    setup.rendezvous.close(undefined, 0)
    expect(setup.rendezvous.ready).toBe(false)
  })
})

describe("a rendezvous at both", () => {
  it("finds on the local network only whom the server does not know", () => {
    const setup = new Setup("both").begin()
    const other = setup.meet(bob)
    expect(setup.events(), "the server tells who comes and goes").toEqual([])
    setup.rendezvous.query("bob", "known", 2_000)
    setup.reply({ _tag: "Peer", ...bob.offered({ address: "203.0.113.12:1" }) })
    expect(setup.events()).toMatchObject([
      { purpose: "known", answer: { _tag: "Introduced", introduction: { address: "203.0.113.12:1" } } }
    ])
    setup.rendezvous.query("bob", "unknown", 2_000)
    setup.reply(NO_SUCH_PEER)
    expect(setup.events()).toEqual([])
    setup.carry(other)
    expect(setup.events()).toMatchObject([
      { purpose: "unknown", answer: { _tag: "Introduced", introduction: { address: "192.168.1.12:4000" } } }
    ])
    setup.rendezvous.query("zoe", "nobody", 2_000)
    setup.reply(NO_SUCH_PEER)
    expect(setup.events()).toMatchObject([{ purpose: "nobody", answer: { _tag: "Refused" } }])
  })

  it("completes the server's last page with whom it does not show, and names apart who only sounds alike", () => {
    const setup = new Setup("both").begin()
    setup.meet(bob)
    setup.rendezvous.list(undefined, "first", 2_000)
    setup.reply(page([ann], "ann"))
    expect(listed(setup.events())).toEqual(["ann"])
    setup.rendezvous.list("ann", "second", 2_000)
    setup.reply(page([new Somebody("Bob", 13)]))
    expect(listed(setup.events())).toEqual(["Bob", `bob#${bob.fingerprint.slice(0, 5)}`])
    setup.rendezvous.list(undefined, "whole", 2_000)
    setup.reply(page([ann, bob]))
    expect(listed(setup.events()), "one who is at both is listed once").toEqual(["ann", "bob"])
  })

  it("gives the server's list as it is before we show ourselves, and the local one when the server is away", () => {
    const setup = new Setup("both")
    setup.events()
    setup.rendezvous.list(undefined, "early", 0)
    setup.reply(page([bob]))
    expect(listed(setup.events())).toEqual(["bob"])
    setup.begin()
    setup.meet(bob)
    setup.server!.handleDisconnected("reset", 0)
    setup.events()
    setup.rendezvous.list(undefined, "away", 2_000)
    expect(listed(setup.events())).toEqual(["ann", "bob"])
  })
})

const OTHER: { readonly [tag: string]: object } = {
  Watch: { _tag: "Watching", version: 1 },
  Update: { _tag: "Updated" }
}

describe("a request", () => {
  const step = fc.constantFrom(
    "list",
    "query bob",
    "query zoe",
    "watch",
    "update",
    "register",
    "reply",
    "break",
    "wait"
  )

  it("is answered exactly once with its purpose, wherever, and whatever breaks", () => {
    const where = fc.constantFrom("server" as const, "lan" as const, "both" as const)
    fc.assert(
      fc.property(where, fc.array(step, { maxLength: 25 }), (place, steps) => {
        const setup = new Setup(place).begin()
        const other = setup.lan && setup.meet(bob)
        const purposes: Array<string> = []
        const answered: Array<string> = []
        const settle = (now: number) => {
          if (other !== undefined) setup.carry(other)
          setup.lan?.handleTimeout(now)
          for (const event of setup.events()) if (event._tag === "Answered") answered.push(event.purpose)
          setup.hear()
        }
        const reply = ({ _tag }: { readonly _tag: string }) =>
          setup.reply({ List: page([ann]), Query: NO_SUCH_PEER, Register: REGISTERED }[_tag] ?? OTHER[_tag]!)
        for (const [index, what] of steps.entries()) {
          const purpose = `${what} ${index}`
          if (!/reply|break|wait/.test(what)) purposes.push(purpose)
          if (what === "list") setup.rendezvous.list(undefined, purpose, 2_000)
          if (what.startsWith("query")) setup.rendezvous.query(what.slice(6), purpose, 2_000)
          if (what === "watch") setup.rendezvous.watch(["bob"], purpose, 2_000)
          if (what === "update") setup.rendezvous.update([], false, purpose, 2_000)
          if (what === "register") setup.rendezvous.register(BODY, ann.card(), purpose, 2_000)
          setup.hear()
          if (what === "reply" && setup.asked.length > 0) reply(setup.asked[0]!)
          if (what === "break" && setup.server !== undefined) {
            setup.server.handleDisconnected("reset", 2_000)
            setup.asked.length = 0
            setup.connect()
          }
          if (what === "wait") settle(2_000)
        }
        setup.server?.handleDisconnected("reset", 2_000)
        for (let now = 2_000; now < 60_000; now += 500) settle(now)
        expect(answered.sort()).toEqual(purposes.sort())
      }),
      { numRuns: some(300) }
    )
  })
})
