import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  type LanIntroduction,
  MAX_NEIGHBOURS,
  Neighbourhood,
  type NeighbourhoodEvent
} from "../../../src/core/lan/Neighbourhood.js"
import { FREE } from "../../../src/core/peer/path/AddressBudget.js"
import * as Endpoint from "../../../src/domain/Endpoint.js"
import * as Identity from "../../../src/domain/Identity.js"
import { crypto } from "../../../src/layers/node/Crypto.js"
import * as Bytes from "../../../src/protocol/Bytes.js"
import * as Lan from "../../../src/protocol/Lan.js"
import * as PeerRecord from "../../../src/protocol/PeerRecord.js"

const at = (text: string) => Endpoint.parse(text)!

/** One machine on a local network, with everything it said and heard. */
class Host {
  readonly identity: Identity.Identity
  readonly record: Uint8Array
  readonly machine: Neighbourhood
  readonly endpoint: Endpoint.Endpoint
  readonly events: Array<NeighbourhoodEvent> = []
  sent = 0

  constructor(
    readonly nick: string,
    number: number,
    nonce = number,
    seed = number
  ) {
    this.identity = Identity.fromSeed(crypto, new Uint8Array(32).fill(seed))
    const { signKeys, staticKeys } = this.identity
    this.record = PeerRecord.sign(crypto, signKeys.secretKey, {
      nick,
      identity: signKeys.publicKey,
      staticKey: staticKeys.publicKey,
      sequence: 1,
      // By the clock of a board without a battery: nothing may depend on it.
      expiry: 1
    })!
    this.endpoint = at(`192.168.1.${number}:5000`)
    let drawn = 0
    const random = (length: number) => crypto.hash(length, [Bytes.fromText(`${nonce} ${drawn++}`)])
    const isOwn = (address: string) => address === this.endpoint.address
    this.machine = new Neighbourhood({ crypto, signKeys, random, isOwn, port: 6000 + number }, 0)
    this.machine.setRecord(this.record, nick, 0)
  }

  named(tag: NeighbourhoodEvent["_tag"]): ReadonlyArray<NeighbourhoodEvent> {
    return this.events.filter((event) => event._tag === tag)
  }

  answers(): ReadonlyArray<LanIntroduction | string> {
    return this.events.flatMap((event) => (event._tag === "Answered" ? [event.answer] : []))
  }
}

/** Carries packets until nobody has anything to say; those that `passes` refuses are lost. */
const settle = (hosts: ReadonlyArray<Host>, now = 0, passes: (from: Host, to: Host) => boolean = () => true): void => {
  for (let more = true; more; ) {
    more = false
    for (const host of hosts) {
      for (let packet = host.machine.pollTransmit(); packet !== undefined; packet = host.machine.pollTransmit()) {
        more = true
        host.sent++
        expect(packet.data.length).toBe(Lan.LAN_BYTES)
        const { data, to } = packet
        const target = hosts.find(({ endpoint }) => Endpoint.format(endpoint) === Endpoint.format(to))
        if (target !== undefined && passes(host, target)) target.machine.handleDatagram(host.endpoint, data, now)
      }
      for (let event = host.machine.pollEvent(); event !== undefined; event = host.machine.pollEvent())
        host.events.push(event)
    }
  }
}

const announce = (hosts: ReadonlyArray<Host>): void => {
  for (const listener of hosts) for (const other of hosts) listener.machine.found(other.machine.name, other.endpoint, 0)
}

/** Lets all timers ring until `end`. */
const elapse = (hosts: ReadonlyArray<Host>, end: number, passes?: (from: Host, to: Host) => boolean): void => {
  for (;;) {
    const next = Math.min(...hosts.map(({ machine }) => machine.pollTimeout() ?? Number.POSITIVE_INFINITY))
    if (next > end) return
    for (const { machine } of hosts) machine.handleTimeout(next)
    settle(hosts, next, passes)
  }
}

/** The cookie that `host` gives to `guest` when asked now. */
const cookieFor = (host: Host, guest: Host, sender = guest.machine.name): Uint8Array => {
  const question = { kind: "ask", to: host.machine.name, sender } as const
  const ask = Lan.encode(crypto, { ...question, question: new Uint8Array(16), at: host.endpoint }, new Uint8Array(64))
  host.machine.handleDatagram(guest.endpoint, ask, 0)
  const card = Lan.decode(host.machine.pollTransmit()!.data)!
  return card.kind === "ask" ? new Uint8Array() : card.cookie
}

/** A good invitation, but for what is changed: signed by `from` in any case. */
const invitation = (from: Host, to: Host, change: Partial<Lan.LanCard> = {}): Uint8Array =>
  Lan.encode(
    crypto,
    {
      kind: "invite",
      to: to.machine.name,
      sender: from.machine.name,
      question: new Uint8Array(16),
      at: to.endpoint,
      nonce: new Uint8Array(16),
      port: 1,
      cookie: change.cookie ?? cookieFor(to, from),
      record: from.record,
      ...change
    },
    from.identity.signKeys.secretKey
  )

/** The same packet with another address at which it was asked. */
const moved = (data: Uint8Array, to: Endpoint.Endpoint): Uint8Array => {
  const copy = data.slice()
  copy.set(Endpoint.toBytes(to), 34)
  new DataView(copy.buffer).setUint16(38, to.port)
  return copy
}

describe("Neighbourhood", () => {
  it("asks an address where nobody answers for little, however many names are announced there, and answers no more", () => {
    const alice = new Host("alice", 11)
    const victim = at("192.168.1.66:53")
    let bytes = 0
    let drawn = 0
    const drain = () => {
      for (let packet = alice.machine.pollTransmit(); packet !== undefined; packet = alice.machine.pollTransmit())
        if (packet.to.address === victim.address) bytes += packet.data.length + 28
    }
    for (let now = 0; now < 600_000; now += 100) {
      const name = `${drawn++}`.padStart(16, "0") as Lan.LanName
      alice.machine.found(name, { ...victim, port: 1 + (drawn % 60_000) }, now)
      alice.machine.handleTimeout(now)
      drain()
      if (drawn % 10 === 0) alice.machine.lost(name)
    }
    expect(bytes).toBeGreaterThan(1_000)
    expect(bytes).toBeLessThanOrEqual(FREE + FREE / 6)
  })

  it("knows who is announced, and introduces both sides alike", () => {
    const [ann, bob] = [new Host("ann", 1), new Host("bob", 2)]
    announce([ann, bob])
    settle([ann, bob])
    expect(ann.machine.list()).toEqual([
      expect.objectContaining({ nick: "bob", label: "bob", endpoint: at("192.168.1.2:6002") })
    ])
    expect([ann, bob].map((host) => host.named("Joined").length)).toEqual([1, 1])
    // Nobody has asked for anybody so far.
    expect(bob.named("Incoming")).toEqual([])

    ann.machine.query("BOB", 7, 10)
    settle([ann, bob], 10)
    const [answer] = ann.answers() as ReadonlyArray<LanIntroduction>
    const [incoming] = bob.named("Incoming") as ReadonlyArray<NeighbourhoodEvent & { readonly _tag: "Incoming" }>
    expect(answer!.record).toEqual(bob.record)
    expect(incoming!.introduction.record).toEqual(ann.record)
    expect(incoming!.introduction).toMatchObject({ channel: answer!.channel, pairKey: answer!.pairKey })
    bob.machine.lost(ann.machine.name)
    settle([bob])
    expect(bob.named("Left")).toHaveLength(1)
  })

  it("asks again when packets are lost, and gives up with one answer", () => {
    const [ann, bob] = [new Host("ann", 1), new Host("bob", 2)]
    let lost = 3
    const passes = () => lost-- <= 0
    announce([ann, bob])
    settle([ann, bob], 0, passes)
    elapse([ann, bob], 10_000, passes)
    expect([ann.machine.list().length, bob.machine.list().length]).toEqual([1, 1])

    ann.machine.query("bob", 1, 20_000)
    settle([ann, bob], 20_000, () => false)
    const before = ann.sent
    elapse([ann, bob], 40_000, () => false)
    expect(ann.answers()).toEqual([expect.stringContaining("nobody answers")])
    expect(ann.sent - before).toBeLessThanOrEqual(4)
    expect(ann.machine.pollTimeout()).toBeUndefined()
  })

  it("tells people of one nickname apart, its own included, and never picks one", () => {
    const [ann, bob, rob] = [new Host("ann", 1), new Host("bob", 2), new Host("Bob", 3)]
    const all = [ann, bob, rob]
    announce(all)
    settle(all)
    const labels = ann.machine.list().map(({ label }) => label)
    expect(labels).toEqual([expect.stringMatching(/^Bob#\d{5}$/), expect.stringMatching(/^bob#\d{5}$/)])
    ann.machine.query("bob", 1, 0)
    settle(all)
    expect(ann.answers()).toEqual([`several people here are called bob: ask for ${labels.join(" or ")}`])
    ann.machine.query(labels[1]!, 2, 0)
    settle(all)
    expect(ann.answers()[1]).toMatchObject({ record: bob.record })
    expect(bob.machine.list().map(({ label }) => label)).toEqual([labels[0], "ann"])
  })

  it("notices a restart by its nonce, and tells of it once", () => {
    const [ann, bob] = [new Host("ann", 1), new Host("bob", 2)]
    announce([ann, bob])
    settle([ann, bob])
    const again = new Host("bob", 4, 9, 2)
    ann.machine.found(again.machine.name, again.endpoint, 5)
    settle([ann, again], 5)
    expect(ann.named("Changed")).toHaveLength(1)
    expect(ann.machine.list()).toEqual([expect.objectContaining({ endpoint: at("192.168.1.4:6004") })])
  })

  it("believes nobody who shows another's record, and shows its own to nobody outside", () => {
    const [ann, bob, eve] = [new Host("ann", 1), new Host("bob", 2), new Host("bob", 3)]
    const torn = Uint8Array.from(eve.record, (byte, index) => (index === 4 ? byte ^ 1 : byte))
    for (const change of [
      { sender: bob.machine.name },
      { record: bob.record },
      { record: torn },
      { to: bob.machine.name },
      { cookie: new Uint8Array(16) },
      { at: eve.endpoint },
      { at: at("203.0.113.9:5000") },
      // A card that nobody asked for.
      { kind: "card" as const }
    ])
      ann.machine.handleDatagram(eve.endpoint, invitation(eve, ann, change), 0)
    for (const stranger of ["203.0.113.9:5000", "[2001:db8::1]:5000", "224.0.0.251:5353"])
      ann.machine.handleDatagram(at(stranger), invitation(eve, ann), 0)
    expect([ann.machine.pollTransmit(), ann.machine.pollEvent()]).toEqual([undefined, undefined])
    expect(ann.machine.list()).toEqual([])
    ann.machine.handleDatagram(eve.endpoint, invitation(eve, ann), 0)
    expect(ann.machine.pollEvent()?._tag).toBe("Joined")
  })

  it("takes no invitation in the name of somebody else, whatever of hers was seen", () => {
    const [ann, bob, eve] = [new Host("ann", 1), new Host("bob", 2), new Host("eve", 3)]
    // Eve sees all that bob and ann have ever said to each other, and to her.
    const seen: Array<Uint8Array> = []
    const overhear = (from: Host) => {
      if (from === bob) for (const data of said.splice(0)) seen.push(data)
      return true
    }
    const said: Array<Uint8Array> = []
    const [everybody, real] = [[ann, bob, eve], bob.machine.pollTransmit.bind(bob.machine)]
    bob.machine.pollTransmit = () => {
      const packet = real()
      if (packet !== undefined) said.push(packet.data)
      return packet
    }
    announce(everybody)
    settle(everybody, 0, overhear)
    bob.machine.query("ann", 1, 10)
    settle(everybody, 10, overhear)
    expect(ann.named("Incoming")).toHaveLength(1)
    expect(seen.length).toBeGreaterThan(4)
    const before = ann.events.length
    for (const data of seen)
      for (const from of [eve.endpoint, bob.endpoint, at("192.168.1.2:1")])
        for (const now of [11, 200_000]) {
          ann.machine.handleDatagram(from, data, now)
          // With bob's record, and all that was claimed, but for another port.
          const forged = data.slice()
          forged[65]! ^= 1
          ann.machine.handleDatagram(from, forged, now)
        }
    // As in a version without signatures: bob's card, from Eve's address.
    for (const sender of [bob.machine.name, eve.machine.name]) {
      const cookie = cookieFor(ann, eve, sender)
      ann.machine.handleDatagram(eve.endpoint, invitation(eve, ann, { record: bob.record, sender, cookie }), 0)
    }
    settle([ann])
    expect(ann.events.slice(before)).toEqual([])
    expect(ann.machine.find("bob")).toEqual([expect.objectContaining({ endpoint: at("192.168.1.2:6002") })])
  })

  it("is not led to somebody who passes on the questions and cards of others", () => {
    const [ann, bob, eve] = [new Host("ann", 1), new Host("bob", 2), new Host("eve", 3)]
    // Eve is announced under bob's name, and asks bob whatever she is asked, and answers as he does.
    ann.machine.found(bob.machine.name, eve.endpoint, 0)
    for (const now of [0, 200, 600, 1_400, 3_200]) {
      ann.machine.handleTimeout(now)
      for (let ask = ann.machine.pollTransmit(); ask !== undefined; ask = ann.machine.pollTransmit()) {
        for (const data of [ask.data, moved(ask.data, bob.endpoint)]) {
          bob.machine.handleDatagram(eve.endpoint, data, now)
          for (let card = bob.machine.pollTransmit(); card !== undefined; card = bob.machine.pollTransmit())
            for (const shown of [card.data, moved(card.data, eve.endpoint)])
              ann.machine.handleDatagram(eve.endpoint, shown, now)
        }
      }
    }
    expect(ann.machine.list()).toEqual([])
  })

  it("takes an invitation once, however often it arrives, and few in a short time", () => {
    const [ann, eve] = [new Host("ann", 1), new Host("eve", 3)]
    const incoming = (now: number): number => {
      settle([ann, eve], now)
      return ann.named("Incoming").length
    }
    const cookie = cookieFor(ann, eve)
    for (let i = 0; i < 100; i++) {
      const question = new Uint8Array(16).fill(i)
      for (let copy = 0; copy < 2; copy++)
        ann.machine.handleDatagram(eve.endpoint, invitation(eve, ann, { question, cookie }), i * 100)
    }
    expect(incoming(10_000)).toBe(8)
  })

  it("stays small and slow under a flood, and answers no packet with more than one of its size", () => {
    const ann = new Host("ann", 1)
    const ask = (index: number): Lan.LanPacket => ({
      kind: "ask",
      to: ann.machine.name,
      sender: index.toString(16).padStart(16, "0"),
      question: new Uint8Array(16),
      at: ann.endpoint
    })
    let answers = 0
    for (let index = 0; index < 5_000; index++) {
      ann.machine.handleDatagram(at("192.168.1.9:9"), Lan.encode(crypto, ask(index), new Uint8Array(64)), 0)
      let packets = 0
      while (ann.machine.pollTransmit() !== undefined) packets++
      expect(packets).toBeLessThanOrEqual(1)
      answers += packets
    }
    expect(answers).toBe(100)
    for (let index = 0; index < 5_000; index++)
      ann.machine.found(index.toString(16).padStart(16, "0"), at("192.168.1.9:9"), 0)
    let sent = 0
    while (ann.machine.pollTransmit() !== undefined) sent++
    // Three times the questions that were taken, and what any address may have.
    expect(answers + sent).toBeLessThanOrEqual(3 * answers + FREE / Lan.LAN_BYTES)
    const bob = new Host("bob", 2)
    for (let index = 0; index < 5_000; index++)
      bob.machine.found(index.toString(16).padStart(16, "0"), at(`10.1.${index >> 8}.${index & 255}:9`), 0)
    let asked = 0
    while (bob.machine.pollTransmit() !== undefined) asked++
    expect(asked).toBe(MAX_NEIGHBOURS)
  })

  it("survives any datagram", () => {
    const ann = new Host("ann", 1)
    fc.assert(
      fc.property(fc.uint8Array({ minLength: Lan.LAN_BYTES, maxLength: Lan.LAN_BYTES }), fc.nat(5), (data, kind) => {
        data.set([6, kind])
        data.set(Buffer.from(ann.machine.name, "hex"), 2)
        ann.machine.handleDatagram(at("192.168.1.9:9"), data, 0)
        expect(ann.machine.list()).toEqual([])
      })
    )
  })
})
