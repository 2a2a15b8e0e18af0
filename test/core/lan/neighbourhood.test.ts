import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  type LanIntroduction,
  MAX_NEIGHBOURS,
  Neighbourhood,
  type NeighbourhoodEvent
} from "../../../src/core/lan/Neighbourhood.js"
import * as Endpoint from "../../../src/domain/Endpoint.js"
import * as Identity from "../../../src/domain/Identity.js"
import { crypto } from "../../../src/layers/node/Crypto.js"
import * as Lan from "../../../src/protocol/Lan.js"
import * as PeerRecord from "../../../src/protocol/PeerRecord.js"

const WALL = 1_700_000_000_000
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
      expiry: WALL + 1
    })!
    this.endpoint = at(`192.168.1.${number}:5000`)
    this.machine = new Neighbourhood(
      { crypto, identity: signKeys.publicKey, nonce: new Uint8Array(16).fill(nonce), port: 6000 + number },
      0
    )
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
        if (target !== undefined && passes(host, target)) target.machine.handleDatagram(host.endpoint, data, now, WALL)
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

describe("Neighbourhood", () => {
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
    const forge = (packet: Partial<Lan.LanPacket>) =>
      Lan.encode({
        kind: "invite",
        to: ann.machine.name,
        sender: eve.machine.name,
        nonce: new Uint8Array(16),
        port: 1,
        record: eve.record,
        ...packet
      })
    const torn = Uint8Array.from(eve.record, (byte, index) => (index === 4 ? byte ^ 1 : byte))
    for (const data of [
      forge({ sender: bob.machine.name }),
      forge({ record: bob.record }),
      forge({ record: torn }),
      forge({ to: bob.machine.name }),
      // A card that nobody asked for.
      forge({ kind: "card" })
    ])
      ann.machine.handleDatagram(eve.endpoint, data, 0, WALL)
    for (const stranger of ["203.0.113.9:5000", "[2001:db8::1]:5000", "224.0.0.251:5353"])
      ann.machine.handleDatagram(at(stranger), forge({}), 0, WALL)
    ann.machine.handleDatagram(eve.endpoint, forge({}), 0, WALL + 10)
    expect([ann.machine.pollTransmit(), ann.machine.pollEvent()]).toEqual([undefined, undefined])
    expect(ann.machine.list()).toEqual([])
    ann.machine.handleDatagram(eve.endpoint, forge({}), 0, WALL)
    expect(ann.machine.pollEvent()?._tag).toBe("Joined")
  })

  it("stays small and slow under a flood", () => {
    const ann = new Host("ann", 1)
    const ask = (index: number): Lan.LanPacket => ({
      kind: "ask",
      to: ann.machine.name,
      sender: index.toString(16).padStart(16, "0"),
      nonce: new Uint8Array(16),
      port: 1,
      record: new Uint8Array()
    })
    for (let index = 0; index < 5_000; index++) {
      ann.machine.handleDatagram(at("192.168.1.9:9"), Lan.encode(ask(index)), 0, WALL)
      ann.machine.found(index.toString(16).padStart(16, "0"), at("192.168.1.9:9"), 0)
    }
    let sent = 0
    while (ann.machine.pollTransmit() !== undefined) sent++
    expect(sent).toBeLessThanOrEqual(2 * MAX_NEIGHBOURS)
    expect(sent).toBeGreaterThanOrEqual(MAX_NEIGHBOURS)
  })

  it("survives any datagram", () => {
    const ann = new Host("ann", 1)
    fc.assert(
      fc.property(fc.uint8Array({ minLength: Lan.LAN_BYTES, maxLength: Lan.LAN_BYTES }), fc.nat(2), (data, kind) => {
        data.set([6, kind])
        data.set(Buffer.from(ann.machine.name, "hex"), 2)
        ann.machine.handleDatagram(at("192.168.1.9:9"), data, 0, WALL)
        expect(ann.machine.list()).toEqual([])
      })
    )
  })
})
