import { describe, expect, it } from "vitest"
import { RelayTransport } from "../../../src/core/client/RelayTransport.js"
import { CHANNEL_BYTES, type ChannelId, channelIdOf } from "../../../src/domain/ChannelId.js"
import * as Endpoint from "../../../src/domain/Endpoint.js"
import * as Bytes from "../../../src/protocol/Bytes.js"
import * as Envelope from "../../../src/protocol/RelayEnvelope.js"
import * as Stun from "../../../src/protocol/Stun.js"

const SERVER = Endpoint.parse("198.51.100.1:9090")!
const CHANNEL = channelIdOf(new Uint8Array(CHANNEL_BYTES).fill(1))
const PACKET = new Uint8Array(50)

/** A client that the server answers over UDP for as long as `answers` says so. */
class Setup {
  readonly outside = new RelayTransport((length) => Uint8Array.from({ length }, () => this.#drawn++))
  answers = true
  /** Questions that the server was asked. */
  questions = 0
  #drawn = 0

  constructor() {
    this.outside.greeted(SERVER.address, [SERVER.port, SERVER.port + 1], 0)
    this.outside.start(0)
    this.outside.remember(CHANNEL, Bytes.toBase64Url(new Uint8Array(8).fill(2)), () => true)
    this.pass(0)
  }

  /** Lets the client do what is due, and the server answer. */
  pass(now: number): void {
    this.outside.handleTimeout(now)
    for (let next = this.outside.pollTransmit(now); next !== undefined; next = this.outside.pollTransmit(now)) {
      if (next.to.port === SERVER.port) this.questions++
      if (!this.answers) continue
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
    outside.alsoAt([SERVER.address, "2001:db8::1", "2001:db8::2"], 10)
    expect(asked(10)).toEqual(expect.arrayContaining(["[2001:db8::1]:9090", "[2001:db8::1]:9091"]))
    outside.alsoAt([SERVER.address, "2001:db8::1"], 20)
    expect(asked(20), "nothing has changed").toEqual([])
    outside.alsoAt([SERVER.address], 30)
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
      setup.outside.remember(
        channelIdOf(new Uint8Array(CHANNEL_BYTES).fill(3)),
        Bytes.toBase64Url(new Uint8Array(8)),
        () => true
      )
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
    blocked.greeted(SERVER.address, [SERVER.port], 0)
    blocked.remember(CHANNEL, Bytes.toBase64Url(new Uint8Array(8)), () => true)
    expect(blocked.envelope(CHANNEL, PACKET, 10)).toBeUndefined()
  })

  it("keeps the tokens of channels in use, however many others there are", () => {
    const setup = new Setup()
    const isUsed = (channel: ChannelId) => channel === CHANNEL
    for (let i = 0; i < 10_000; i++) {
      const bytes = new Uint8Array(CHANNEL_BYTES).fill(9)
      new DataView(bytes.buffer).setUint32(0, i)
      setup.outside.remember(channelIdOf(bytes), Bytes.toBase64Url(new Uint8Array(8)), isUsed)
    }
    expect(setup.send(0)).toBe("udp")
  })
})
