import { randomBytes } from "node:crypto"
import * as Handshake from "../../../src/core/peer/handshake/Handshake.js"
import { crypto } from "../../../src/layers/node/Crypto.js"
import * as Bytes from "../../../src/protocol/Bytes.js"
import * as Wire from "../../../src/protocol/Handshake.js"
import * as PeerRecord from "../../../src/protocol/PeerRecord.js"
import { Broken, equal, must, there, waits } from "../Check.js"
import { type Person, person } from "../Person.js"
import { Udp } from "../server/Udp.js"
import { Link } from "./Link.js"
import type { Running } from "./Running.js"

/** Somebody else, who talks to the client over UDP of this machine. */
export class ForeignPeer {
  readonly who: Person
  readonly udp: Udp
  /** Of the introduction. */
  channel: Uint8Array = randomBytes(8)
  pairKey: Uint8Array = randomBytes(32)
  readonly #client: Running
  readonly #links: Array<Link> = []
  /** What both sides call the connection of a link. */
  readonly #ends = new Map<Link, { readonly ours: Uint8Array; readonly theirs: Uint8Array }>()
  #attempt = 0
  #to: { readonly address: string; readonly port: number } | undefined
  /** Whether the server carries what is said. */
  #isRelayed = false

  private constructor(client: Running, udp: Udp, who: Person) {
    this.#client = client
    this.udp = udp
    this.who = who
    udp.tap(({ data, address, port }) => {
      this.#to = { address, port }
      return data[0] === 3 && !this.#isRelayed && this.#links.some((link) => link.handle(data))
    })
  }

  static async meet(client: Running, who = person()): Promise<ForeignPeer> {
    return new ForeignPeer(client, await Udp.open("127.0.0.1"), who)
  }

  /** From now on all goes through the server, and what comes another way is not answered. */
  useRelay(): void {
    this.#isRelayed = true
    this.#client.host.carried.set(Bytes.toBase64Url(this.channel), (data) => {
      if (!this.#links.some((link) => link.handle(data))) this.udp.inbox.put({ data, address: "", port: 0 })
    })
  }

  /** Half an introduction, as a server tells it of this peer. */
  introduction(more: object = {}): Record<string, unknown> {
    return {
      nick: this.who.nick,
      address: `127.0.0.1:${this.udp.port}`,
      record: Bytes.toBase64Url(this.who.record),
      candidates: [`127.0.0.1:${this.udp.port}`],
      channel: Bytes.toBase64Url(this.channel),
      pairKey: Bytes.toBase64Url(this.pairKey),
      ...more
    }
  }

  /** Asks for the client, as its server tells it, and waits for its packet that opens the way. */
  async call(): Promise<void> {
    this.#client.host.say({ _tag: "Incoming", ...this.introduction() })
    await this.opened()
  }

  /** The client opens its own side for us, which shows us where it is. */
  async opened(): Promise<void> {
    await this.udp.inbox.take(({ data }) => data.length === 1 && data[0] === 0, "OPEN to our candidate")
  }

  transmit(packet: Uint8Array): void {
    if (this.#isRelayed) {
      const channel = Bytes.toBase64Url(this.channel)
      this.#client.host.say({ _tag: "Relay", channel, packet: Bytes.toBase64Url(packet) })
      return
    }
    if (this.#to === undefined) throw new Broken("the client has not shown where it is")
    this.udp.send(packet, this.#to.address, this.#to.port)
  }

  /** What goes into our handshakes. */
  payload(more: Partial<Wire.HandshakePayload> = {}): Wire.HandshakePayload {
    return {
      attempt: ++this.#attempt,
      connection: randomBytes(8),
      peerConnection: new Uint8Array(8),
      consent: true,
      features: 0,
      creditMessages: 16,
      creditBytes: 32_768,
      record: this.who.record,
      candidates: [],
      ...more
    }
  }

  /** A handshake that we begin; `change` makes another payload of its bytes. */
  initiate(more: Partial<Wire.HandshakePayload> = {}): Handshake.Initiation & { readonly index: number } {
    const index = randomBytes(4).readUInt32BE()
    const initiation = Handshake.initiate({
      crypto,
      staticKeys: this.who.staticKeys,
      ephemeralSecret: randomBytes(32),
      remoteStatic: this.#remote.staticKey,
      channel: this.channel,
      pairKey: this.pairKey,
      senderIndex: index,
      payload: this.payload(more)
    })
    return { ...there(initiation, "no handshake can be made"), index }
  }

  /** HS1 around bytes that need not be a payload. */
  initiatePlain(payload: Uint8Array): Uint8Array {
    const noise = crypto.noiseInitiator({
      staticKeys: this.who.staticKeys,
      remoteStatic: this.#remote.staticKey,
      ephemeralSecret: randomBytes(32),
      prologue: Bytes.concat([Bytes.fromText("parley peer v1"), this.channel])
    })
    const head = Wire.encodeHeader({ type: Wire.HS1, channel: this.channel, senderIndex: 7 })!
    const packet = Bytes.concat([head, noise.write(payload)!])
    const key = crypto.hash(32, [Bytes.fromText("parley mac1 v1"), this.pairKey, this.#remote.staticKey])
    return Bytes.concat([packet, crypto.hash(16, [packet], key)])
  }

  /** Sends HS1 until it is answered. */
  async shake(initiation = this.initiate()): Promise<Handshake.HandshakeResult & { readonly hs2: Uint8Array }> {
    const isAnswer = ({ data }: { readonly data: Uint8Array }) => Wire.peek(data)?.type === Wire.HS2
    const until = performance.now() + waits.patience
    while (performance.now() < until) {
      this.transmit(initiation.packet)
      const answer = await this.udp.inbox.take(isAnswer, "HS2", RESEND).catch(() => undefined)
      const result = answer && initiation.complete(answer.data)
      if (result !== undefined) return { ...result, hs2: answer!.data }
    }
    throw new Broken("HS1 got no answer")
  }

  /** A connection that we began. */
  async connect(more: Partial<Wire.HandshakePayload> = {}): Promise<Link> {
    await this.call()
    return this.#begin(more)
  }

  /** New keys for the connection of this link. */
  rekey(link: Link): Promise<Link> {
    const ends = there(this.#ends.get(link), "no such connection")
    return this.#begin({ connection: ends.ours, peerConnection: ends.theirs }, link)
  }

  /** Another connection in place of that of this link, whose silence from now on means nothing. */
  again(link: Link): Promise<Link> {
    link.answers = false
    return this.#begin({})
  }

  async #begin(more: Partial<Wire.HandshakePayload>, before?: Link): Promise<Link> {
    const connection = more.connection ?? randomBytes(8)
    const initiation = this.initiate({ ...more, connection })
    const result = await this.shake(initiation)
    const { remotePayload } = result
    if (before !== undefined)
      equal(
        [Bytes.toHex(remotePayload.connection), Bytes.toHex(remotePayload.peerConnection)],
        [Bytes.toHex(more.peerConnection!), Bytes.toHex(connection)],
        "the connection that it names"
      )
    const link = this.link(result, initiation.index, before)
    this.#ends.set(link, { ours: connection, theirs: remotePayload.connection })
    link.send({ _tag: "Ping", token: randomBytes(8) })
    await link.next("Pong")
    return link
  }

  /** `before` is the link whose keys these take the place of. */
  link(result: Handshake.HandshakeResult, index: number, before?: Link): Link {
    const link = new Link(result, index, (packet) => this.transmit(packet), before)
    this.#links.push(link)
    return link
  }

  /** The client's HS1. */
  async hs1(ms = waits.patience): Promise<Uint8Array> {
    return (await this.udp.inbox.take(({ data }) => Wire.peek(data)?.type === Wire.HS1, "HS1", ms)).data
  }

  /** Answers the client's HS1, on the way that it came unless `transmit` says otherwise. */
  answer(
    hs1: Uint8Array,
    more: Partial<Wire.HandshakePayload> = {},
    transmit: (packet: Uint8Array) => void = (packet) => this.transmit(packet)
  ): { readonly link: Link; readonly payload: Wire.HandshakePayload } {
    const received = Handshake.respond({
      crypto,
      staticKeys: this.who.staticKeys,
      ephemeralSecret: randomBytes(32),
      pairKey: this.pairKey,
      packet: hs1
    })
    must(received !== undefined, "HS1 cannot be opened")
    const index = randomBytes(4).readUInt32BE()
    const mine = this.payload({
      attempt: received.payload.attempt,
      peerConnection: received.payload.connection,
      ...more
    })
    const reply = there(received.reply(mine, index), "no HS2 can be made")
    const link = this.link(reply.result, index)
    transmit(reply.packet)
    return { link, payload: received.payload }
  }

  /** Leaves, so that the client does not look for it. */
  close(): void {
    if (this.#to !== undefined || this.#isRelayed) for (const link of this.#links) link.send({ _tag: "Bye", code: 0 })
    this.udp.close()
  }

  get #remote(): PeerRecord.PeerRecord {
    return there(PeerRecord.decode(this.#client.host.record), "the record of the client is malformed")
  }
}

/** ms between two HS1. */
const RESEND = 300
