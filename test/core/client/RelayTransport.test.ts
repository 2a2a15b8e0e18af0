import { describe, expect, it } from "vitest"
import { RelayTransport } from "../../../src/core/client/RelayTransport.js"
import { CHANNEL_BYTES, type ChannelId, channelIdOf } from "../../../src/domain/ChannelId.js"
import * as Endpoint from "../../../src/domain/Endpoint.js"
import * as Bytes from "../../../src/protocol/Bytes.js"
import * as Envelope from "../../../src/protocol/RelayEnvelope.js"
import * as Stun from "../../../src/protocol/Stun.js"

const SERVER = Endpoint.parse("198.51.100.1:9090")!
const CHANNEL = channelIdOf(new Uint8Array(CHANNEL_BYTES).fill(1))
const OTHER = channelIdOf(new Uint8Array(CHANNEL_BYTES).fill(7))
const PACKET = new Uint8Array(50)
const at = (text: string) => Endpoint.parse(text)!
/** Of an introduction. */
const offer = (token: number, ...places: ReadonlyArray<string>) => ({
  token: Bytes.toBase64Url(new Uint8Array(8).fill(token)),
  ...(places.length === 0 ? {} : { at: places })
})

/** A client that the server answers over UDP for as long as `answers` says so. */
class Setup {
  readonly outside = new RelayTransport((length) => Uint8Array.from({ length }, () => this.#drawn++))
  answers = true
  /** Ports that do not answer. */
  readonly silent = new Set<string>()
  /** Questions that the server was asked. */
  questions = 0
  #drawn = 0

  constructor() {
    this.outside.greeted([SERVER, { ...SERVER, port: SERVER.port + 1 }], SERVER, 0)
    this.outside.start(0)
    this.outside.remember(CHANNEL, offer(2), () => true, 0)
    this.pass(0)
  }

  /** Lets the client do what is due, and the server answer. */
  pass(now: number): void {
    this.outside.handleTimeout(now)
    for (let next = this.outside.pollTransmit(now); next !== undefined; next = this.outside.pollTransmit(now)) {
      if (!Stun.isStun(next.data)) continue
      if (next.to.port === SERVER.port) this.questions++
      if (!this.answers || this.silent.has(Endpoint.format(next.to))) continue
      const { transactionId } = Stun.decode(next.data)!
      const mapped = Endpoint.parse("203.0.113.7:40000")!
      const attributes = { xorMappedAddress: mapped }
      const answer = Stun.encode({
        class: "success",
        method: Stun.BINDING,
        transactionId,
        attributes,
        fingerprint: true
      })!
      this.outside.handleDatagram(next.to, answer, now)
    }
  }

  /** Sends a packet to the peer; over which of the ways. */
  send(now: number): "udp" | "link" {
    const way = this.outside.envelope(CHANNEL, PACKET, now) === undefined ? "link" : "udp"
    this.pass(now)
    return way
  }

  /** Where the next packet to the peer goes, by UDP. */
  to(now: number, channel = CHANNEL): string | undefined {
    const datagram = this.outside.envelope(channel, PACKET, now)
    this.pass(now)
    return datagram && Endpoint.format(datagram.to)
  }

  /** Sends a packet each 100 ms; over which ways, without repetitions, and when each began. */
  sendUntil(from: number, until: number): ReadonlyArray<string> {
    const ways: Array<string> = []
    let last: string | undefined
    for (let now = from; now < until; now += 100) {
      const way = this.send(now)
      if (way !== last) ways.push(`${way} at ${now}`)
      last = way
    }
    return ways
  }
}

describe("a relay that falls silent", () => {
  it("is told of once each time", () => {
    const setup = new Setup()
    setup.answers = false
    setup.sendUntil(0, 1_500)
    expect(setup.outside.pollSilence(1_500)).toBe(true)
    expect(setup.outside.pollSilence(1_600)).toBe(false)
    setup.answers = true
    setup.sendUntil(1_600, 3_000)
    expect(setup.outside.pollSilence(3_000)).toBe(false)
  })
})

describe("our own addresses", () => {
  it("are asked for in the other family, too, once the server's addresses are known", () => {
    const { outside } = new Setup()
    const asked = (now: number) => {
      outside.handleTimeout(now)
      const to: Array<string> = []
      for (let next = outside.pollTransmit(now); next !== undefined; next = outside.pollTransmit(now))
        to.push(Endpoint.format(next.to))
      return to
    }
    const twins = ["[2001:db8::1]:9090", "[2001:db8::1]:9091"]
    outside.alsoAt(twins.map(at), 10)
    expect(asked(10)).toEqual(expect.arrayContaining(twins))
    outside.alsoAt(twins.map(at), 20)
    expect(asked(20), "nothing has changed").toEqual([])
    outside.alsoAt([], 30)
    expect(asked(10_000).filter((to) => to.startsWith("["))).toEqual([])
  })
})

describe("the way to the relay", () => {
  it("stays with datagrams while the server answers, however long a peer is silent", () => {
    const setup = new Setup()
    expect(setup.sendUntil(1_000, 15_000)).toEqual(["udp at 1000"])
    // And it is asked once a second at most.
    expect(setup.questions).toBeLessThan(16)
    expect(setup.questions).toBeGreaterThan(5)
  })

  it("takes the control link within a second of the server's silence, and goes back after its first answer", () => {
    const setup = new Setup()
    setup.answers = false
    expect(setup.sendUntil(1_000, 3_000)).toEqual(["udp at 1000", "link at 1900"])
    setup.answers = true
    // The question is repeated 3.5 s after it was asked first.
    expect(setup.sendUntil(3_000, 8_000)).toEqual(["link at 3000", "udp at 4800"])
  })

  it("draws nothing from a peer that did not answer long ago", () => {
    const setup = new Setup()
    expect(setup.send(1_000)).toBe("udp")
    setup.answers = false
    expect(setup.sendUntil(9_000, 9_500)).toEqual(["udp at 9000"])
  })

  it("returns the nonce that the relay sends, with its token, and takes none from elsewhere", () => {
    const { outside } = new Setup()
    const channel = new Uint8Array(CHANNEL_BYTES).fill(1)
    const nonce = new Uint8Array(Envelope.NONCE_BYTES).fill(9)
    const asked = Envelope.fromServer(channel, Envelope.proof(nonce))
    expect(outside.handleDatagram(SERVER, asked, 10)).toBeUndefined()
    const token = new Uint8Array(8).fill(2)
    expect(outside.pollTransmit(10)).toEqual({
      to: SERVER,
      data: Envelope.toServer(channel, token, Envelope.proof(nonce))
    })
    for (const [from, data] of [
      [Endpoint.parse("203.0.113.9:9090")!, asked],
      [SERVER, Envelope.fromServer(new Uint8Array(CHANNEL_BYTES), Envelope.proof(nonce))],
      [SERVER, Envelope.fromServer(channel, Envelope.proof(nonce.subarray(1)))]
    ] as const)
      expect(outside.handleDatagram(from, data, 10)).toBeUndefined()
    expect(outside.pollTransmit(10)).toBeUndefined()
    for (let i = 0; i < 1_000; i++) outside.handleDatagram(SERVER, asked, 10)
    let answers = 0
    while (outside.pollTransmit(10) !== undefined) answers++
    expect(answers).toBe(64)
  })

  it("leaves a dead relay though somebody sends in its name", () => {
    for (const forged of [
      Uint8Array.of(5),
      Envelope.fromServer(new Uint8Array(CHANNEL_BYTES), PACKET),
      // A peer knows its own channel, but the conversation is on another one.
      Envelope.fromServer(new Uint8Array(CHANNEL_BYTES).fill(3), PACKET)
    ]) {
      const setup = new Setup()
      setup.outside.remember(channelIdOf(new Uint8Array(CHANNEL_BYTES).fill(3)), offer(0), () => true, 0)
      setup.answers = false
      const ways: Array<string> = []
      for (let now = 1_000; now < 3_000; now += 100) {
        setup.outside.handleDatagram(SERVER, forged, now)
        ways.push(setup.send(now))
      }
      expect(ways.indexOf("link")).toBe(9)
      expect(ways.lastIndexOf("udp")).toBe(8)
    }
  })

  it("takes the control link when datagrams never got through, or not for a minute", () => {
    const setup = new Setup()
    setup.answers = false
    expect(setup.send(60_001)).toBe("link")
    const blocked = new RelayTransport((length) => new Uint8Array(length))
    blocked.greeted([SERVER], SERVER, 0)
    blocked.remember(CHANNEL, offer(0), () => true, 0)
    expect(blocked.envelope(CHANNEL, PACKET, 10)).toBeUndefined()
  })

  it("keeps the tokens of channels in use, however many others there are", () => {
    const setup = new Setup()
    const isUsed = (channel: ChannelId) => channel === CHANNEL
    for (let i = 0; i < 10_000; i++) {
      const bytes = new Uint8Array(CHANNEL_BYTES).fill(9)
      new DataView(bytes.buffer).setUint32(0, i)
      setup.outside.remember(channelIdOf(bytes), offer(0), isUsed, 0)
    }
    expect(setup.send(0)).toBe("udp")
  })
})

describe("another node at which both sides meet", () => {
  const OWN = Endpoint.format(SERVER)
  const NODE = "198.51.100.2:9090"

  it("gets the channel's packets once it has answered, and our own server's port before and whenever it is silent", () => {
    const setup = new Setup()
    setup.silent.add(NODE)
    setup.outside.remember(CHANNEL, offer(2, NODE), () => true, 10)
    expect(setup.to(10)).toBe(OWN)
    setup.silent.clear()
    setup.pass(600)
    expect(setup.to(700)).toBe(NODE)
    setup.outside.remember(OTHER, offer(3), () => true, 700)
    expect(setup.to(700, OTHER), "another channel").toBe(OWN)
    setup.silent.add(NODE)
    // The peer is silent, and so is the node: the question that follows has no answer within 700 ms.
    const ways = new Set<string | undefined>()
    for (let now = 800; now < 2_500; now += 100) ways.add(setup.to(now))
    expect([...ways]).toEqual([NODE, OWN])
    expect(setup.outside.pollSilence(2_500), "of our own server").toBe(false)
  })

  it("may send us envelopes, and asks for proofs, which are returned to it", () => {
    const setup = new Setup()
    setup.outside.remember(CHANNEL, offer(2, NODE), () => true, 10)
    const channel = new Uint8Array(CHANNEL_BYTES).fill(1)
    const nonce = new Uint8Array(Envelope.NONCE_BYTES).fill(9)
    const question = Envelope.fromServer(channel, Envelope.proof(nonce))
    setup.pass(10)
    setup.outside.handleDatagram(at(NODE), question, 20)
    expect(setup.outside.pollTransmit(20)?.to).toEqual(at(NODE))
    expect(setup.outside.handleDatagram(at(NODE), Envelope.fromServer(channel, PACKET), 20)).toEqual({
      from: { _tag: "Relay", channel: CHANNEL },
      packet: PACKET
    })
    const stranger = at("198.51.100.3:9090")
    expect(setup.outside.handleDatagram(stranger, Envelope.fromServer(channel, PACKET), 20)).toBeUndefined()
  })

  it("is one of the family of our link, if there is one, and none that no server can be", () => {
    const setup = new Setup()
    const met = (...places: ReadonlyArray<string>) => {
      setup.outside.remember(CHANNEL, offer(2, ...places), () => true, 10)
      setup.pass(10)
      return setup.to(20)
    }
    expect(met("[2001:db8::2]:9090", NODE)).toBe(NODE)
    expect(met("[2001:db8::2]:9090")).toBe("[2001:db8::2]:9090")
    for (const bad of ["127.0.0.1:9090", "224.0.0.1:9090", "node.example:9090", "198.51.100.2:0", OWN])
      expect(met(bad), bad).toBe(OWN)
  })

  it("is one of four at most, those that no channel in use meets at left out", () => {
    const setup = new Setup()
    const isUsed = (channel: ChannelId) => channel !== OTHER
    setup.outside.remember(OTHER, offer(2, "198.51.100.10:9090"), isUsed, 10)
    const channels = [1, 2, 3, 4, 5].map((n) => channelIdOf(new Uint8Array(CHANNEL_BYTES).fill(10 + n)))
    for (const [n, channel] of channels.entries())
      setup.outside.remember(channel, offer(3, `198.51.100.${11 + n}:9090`), isUsed, 10)
    setup.pass(10)
    expect(channels.map((channel) => setup.to(20, channel))).toEqual([
      ...[11, 12, 13, 14].map((n) => `198.51.100.${n}:9090`),
      OWN
    ])
  })
})
