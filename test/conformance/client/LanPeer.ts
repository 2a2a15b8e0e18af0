import { randomBytes } from "node:crypto"
import makeMdns, { type MulticastDNS } from "multicast-dns"
import * as Endpoint from "../../../src/domain/Endpoint.js"
import { announced, SERVICE, TTL } from "../../../src/layers/node/Announcements.js"
import { crypto } from "../../../src/layers/node/Crypto.js"
import * as Bytes from "../../../src/protocol/Bytes.js"
import * as Lan from "../../../src/protocol/Lan.js"
import { must, there } from "../Check.js"
import { Inbox } from "../Inbox.js"
import { type Datagram, Udp } from "../server/Udp.js"
import { ForeignPeer } from "./ForeignPeer.js"
import type { Running } from "./Running.js"

/** Somebody else on the local network, by hand. */
export class LanPeer {
  readonly peer: ForeignPeer
  readonly udp: Udp
  readonly name: Lan.LanName
  /** Names that are announced, with where they are. */
  readonly announced = new Inbox<{ readonly name: string; readonly at: Endpoint.Endpoint; readonly ttl: number }>(
    "announcement"
  )
  /** Names that are asked for. */
  readonly questions = new Inbox<string>("multicast question")
  readonly nonce = randomBytes(16)
  readonly #mdns: MulticastDNS
  readonly #client: Running

  private constructor(client: Running, peer: ForeignPeer, udp: Udp, mdns: MulticastDNS) {
    this.#client = client
    this.peer = peer
    this.udp = udp
    this.#mdns = mdns
    this.name = Lan.nameOf(crypto, peer.who.signKeys.publicKey)
    mdns.on("response", (response, from) => {
      for (const { name, port, ttl } of announced(response)) {
        const at = Endpoint.make(from.address, port === 0 ? 1 : port)
        if (at !== undefined) this.announced.put({ name, at, ttl })
      }
    })
    mdns.on("query", ({ questions = [] }) => {
      for (const { name } of questions) this.questions.put(name.toLowerCase())
    })
    mdns.on("warning", () => {})
  }

  static async join(client: Running): Promise<LanPeer> {
    const peer = await ForeignPeer.meet(client)
    const udp = await Udp.open("127.0.0.1")
    const mdns = makeMdns()
    await new Promise((resolve) => mdns.on("ready", resolve))
    return new LanPeer(client, peer, udp, mdns)
  }

  /** Of the client. */
  get theirIdentity(): Uint8Array {
    return there(Bytes.fromBase64Url(String(this.#client.host.registration.identity)), "the client has no identity")
  }

  get theirName(): Lan.LanName {
    return Lan.nameOf(crypto, this.theirIdentity)
  }

  /** Asks by multicast who is there, until the client answers; gives where it is. */
  async find(): Promise<Endpoint.Endpoint> {
    this.#mdns.query({ questions: [{ name: SERVICE, type: "PTR" }] })
    const isTheirs = ({ name, ttl }: { readonly name: string; readonly ttl: number }) =>
      name === this.theirName && ttl > 0
    return (await this.announced.take(isTheirs, "announcement of the client's name")).at
  }

  /** Announces us. */
  announce(): void {
    const instance = `${this.name}.${SERVICE}`
    this.#mdns.respond({
      answers: [{ name: SERVICE, type: "PTR", ttl: TTL, data: instance }],
      additionals: [
        // A target without an address: what counts is where the announcement comes from.
        { name: instance, type: "SRV", ttl: TTL, data: { port: this.udp.port, target: "x.local" } },
        { name: instance, type: "TXT", ttl: TTL, data: ["v=2"] }
      ]
    })
  }

  /** A question to the client at `at`, or to who is named otherwise. */
  ask(at: Endpoint.Endpoint, more: Partial<Lan.LanQuestion> = {}): Uint8Array {
    return this.encode({ kind: "ask", to: this.theirName, sender: this.name, question: randomBytes(16), at, ...more })
  }

  /** A card for this question. */
  card(question: Lan.LanPacket, more: Partial<Lan.LanCard> = {}): Uint8Array {
    return this.encode({ ...this.#ours(question), kind: "card", cookie: randomBytes(16), ...more })
  }

  invite(at: Endpoint.Endpoint, cookie: Uint8Array): Uint8Array {
    return this.encode({ ...this.#ours({ question: randomBytes(16), at }), kind: "invite", cookie })
  }

  send(data: Uint8Array, to: Endpoint.Endpoint): void {
    this.udp.send(data, to.address, to.port)
  }

  /** The next packet of this kind from the client, with where it came from. */
  async next<Kind extends Lan.LanPacket["kind"]>(
    kind: Kind
  ): Promise<{ readonly packet: Lan.Decoded & { readonly kind: Kind }; readonly from: Endpoint.Endpoint }> {
    const { address, data, port } = await this.udp.inbox.take((one) => read(one)?.kind === kind, kind.toUpperCase())
    const packet = Lan.decode(data) as Lan.Decoded & { readonly kind: Kind }
    return { packet, from: there(Endpoint.make(address, port), "it came from nowhere") }
  }

  /** The card that answers this question, its signature verified. */
  async answer(question: Uint8Array, to: Endpoint.Endpoint) {
    this.send(question, to)
    const { packet } = await this.next("card")
    must(Bytes.equal(packet.question, Lan.decode(question)!.question), "the card has another question")
    must("signature" in packet && crypto.verify(packet.signature, packet.signed, this.theirIdentity), "wrong signature")
    return packet as Lan.LanCard
  }

  /** Takes over what both sides make of two nonces. */
  introduce(theirNonce: Uint8Array): void {
    const ours = { identity: this.peer.who.signKeys.publicKey, nonce: this.nonce }
    const { channel, pairKey } = Lan.introduce(crypto, ours, { identity: this.theirIdentity, nonce: theirNonce })
    this.peer.channel = channel
    this.peer.pairKey = pairKey
  }

  close(): void {
    this.peer.close()
    this.udp.close()
    this.#mdns.destroy()
  }

  encode(packet: Lan.LanPacket): Uint8Array {
    return Lan.encode(crypto, packet, this.peer.who.signKeys.secretKey)
  }

  #ours({ at, question }: { readonly at: Endpoint.Endpoint; readonly question: Uint8Array }) {
    return {
      to: this.theirName,
      sender: this.name,
      question,
      at,
      nonce: this.nonce,
      port: this.peer.udp.port,
      record: this.peer.who.record
    }
  }
}

const read = ({ data }: Datagram): Lan.Decoded | undefined => Lan.decode(data)
