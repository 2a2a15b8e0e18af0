import { randomBytes } from "node:crypto"
import * as Dgram from "node:dgram"
import * as Bytes from "../../../src/protocol/Bytes.js"
import * as RelayEnvelope from "../../../src/protocol/RelayEnvelope.js"
import * as Stun from "../../../src/protocol/Stun.js"
import { type Check, equal, must, there } from "../Check.js"
import { Inbox } from "../Inbox.js"
import { type Message, Session, type Target } from "./Session.js"

export interface Datagram {
  readonly data: Uint8Array
  /** Where it came from. */
  readonly address: string
  readonly port: number
}

/** A UDP socket, with what comes to it. */
export class Udp {
  readonly inbox = new Inbox<Datagram>("datagram")
  readonly port: number
  readonly #socket: Dgram.Socket
  #isOpen = true
  #sending = 0
  #takes: (one: Datagram) => boolean = () => false

  private constructor(socket: Dgram.Socket) {
    this.#socket = socket
    this.port = socket.address().port
    socket.on("message", (data, { address, port }) => {
      if (!this.#takes({ data, address, port })) this.inbox.put({ data, address, port })
    })
    socket.on("error", () => {})
  }

  static open(host: string): Promise<Udp> {
    return new Promise((resolve) => {
      const socket = Dgram.createSocket(host.includes(":") ? "udp6" : "udp4")
      socket.bind(0, () => resolve(new Udp(socket)))
    })
  }

  /** `takes` sees everything that comes; what it takes does not go to the inbox. */
  tap(takes: (one: Datagram) => boolean): void {
    this.#takes = takes
  }

  send(data: Uint8Array, host: string, port: number): void {
    if (!this.#isOpen) return
    this.#sending++
    this.#socket.send(data, port, host, () => {
      this.#sending--
      this.#closeIfDone()
    })
  }

  /** What was sent before still leaves. */
  close(): void {
    this.#isOpen = false
    this.#closeIfDone()
  }

  #closeIfDone(): void {
    if (!this.#isOpen && this.#sending === 0) this.#socket.close()
  }
}

/** Runs on a socket of its own, unless the server has no such port. */
const withUdp =
  (run: (udp: Udp, port: number, target: Target, ports: ReadonlyArray<number>) => Promise<void>) =>
  async (target: Target): Promise<void> => {
    const session = await Session.open(target)
    const ports = session.welcome.udp as ReadonlyArray<number>
    session.drop()
    const [port] = ports
    if (port === undefined) return
    const udp = await Udp.open(target.host)
    await run(udp, port, target, ports).finally(() => udp.close())
  }

const request = (transactionId = randomBytes(Stun.TRANSACTION_BYTES)) =>
  Stun.encode({ class: "request", method: Stun.BINDING, transactionId, fingerprint: false, attributes: {} })!

/** Two who are introduced, with the relay between them. */
const pair = async (target: Target) => {
  const [one, other] = [await Session.anonymous(target), await Session.anonymous(target)]
  const peer = await one.ask({ _tag: "Query", nick: other.nick })
  const incoming = await other.next("Incoming")
  const tokenOf = ({ relay }: Message) => Bytes.fromBase64Url((relay as { readonly token: string }).token)!
  const isRelayed = peer.relay !== undefined && incoming.relay !== undefined
  equal(isRelayed, one.welcome.relay === true, "whether the introduction has a token, where the server says so,")
  if (!isRelayed) return undefined
  const channel = String(peer.channel)
  return {
    one: { session: one, token: tokenOf(peer) },
    other: { session: other, token: tokenOf(incoming) },
    channel,
    bytes: there(Bytes.fromBase64Url(channel), "the channel is not base64url")
  }
}

/** Proves the address of this socket on the channel, as a client does; gives the proof that was asked for. */
const prove = async (udp: Udp, target: Target, port: number, channel: Uint8Array, token: Uint8Array): Promise<void> => {
  udp.send(RelayEnvelope.toServer(channel, token, Uint8Array.of(0)), target.host, port)
  const { data } = await udp.inbox.take(
    (one) => RelayEnvelope.readProof(RelayEnvelope.readFromServer(one.data)?.packet ?? new Uint8Array(0)) !== undefined,
    "PROOF"
  )
  udp.send(RelayEnvelope.toServer(channel, token, RelayEnvelope.readFromServer(data)!.packet), target.host, port)
}

const lines = (session: Session, channel: string) =>
  session.inbox.take((message) => message._tag === "Relay" && message.channel === channel, "Relay")

/** The reflector and the relay. */
export const udp: ReadonlyArray<Check<Target>> = [
  {
    rule: "2.1-1",
    says: "tells on both ports where a request came from",
    also: ["2-1", "2.1-2", "2.1-5"],
    run: withUdp(async (udp, _, target, ports) => {
      for (const port of ports) {
        const transactionId = randomBytes(Stun.TRANSACTION_BYTES)
        udp.send(request(transactionId), target.host, port)
        const { data } = await udp.inbox.take((one) => one.port === port, `answer from port ${port}`)
        const answer = there(Stun.decode(data), "the answer is no STUN message")
        equal(answer.class, "success", "the answer")
        must(Bytes.equal(answer.transactionId, transactionId), "the answer has another transaction")
        equal(answer.attributes.xorMappedAddress?.port, udp.port, "the port")
      }
    })
  },
  {
    rule: "2.1-6",
    says: "answers with at most 2.1 times the bytes of the request",
    run: withUdp(async (udp, port, target) => {
      udp.send(request(), target.host, port)
      const { data } = await udp.inbox.take()
      must(data.length + 28 <= 2.1 * (20 + 28), `20 bytes brought ${data.length}`)
    })
  },
  {
    rule: "2.1-1",
    says: "says nothing to what is no request",
    run: withUdp(async (udp, port, target) => {
      for (const data of [randomBytes(100), request().subarray(0, 19), Uint8Array.of(1), Uint8Array.of(0)])
        udp.send(data, target.host, port)
      await udp.inbox.none(() => true, "it answered to nonsense")
    })
  },
  {
    rule: "2.2-2",
    says: "carries packets between the two of a channel over the control link",
    also: ["1.6-13"],
    run: async (target) => {
      const two = await pair(target)
      if (two === undefined) return
      const packet = Bytes.toBase64Url(randomBytes(1_200))
      two.one.session.send({ _tag: "Relay", channel: two.channel, packet })
      equal((await lines(two.other.session, two.channel)).packet, packet, "the packet")
      two.other.session.send({ _tag: "Relay", channel: two.channel, packet: "AAAA" })
      equal((await lines(two.one.session, two.channel)).packet, "AAAA", "the packet back")
    }
  },
  {
    rule: "2.2-1",
    says: "carries nothing for somebody else",
    run: async (target) => {
      const two = await pair(target)
      if (two === undefined) return
      const stranger = await Session.anonymous(target)
      stranger.send({ _tag: "Relay", channel: two.channel, packet: "AAAA" })
      for (const { session } of [two.one, two.other])
        await session.inbox.none(({ _tag }) => _tag === "Relay", "the packet of a stranger came through")
    }
  },
  {
    rule: "2.2-4",
    says: "sends only PROOF to an address that has not shown itself, and packets over the control link until then",
    also: ["2.2-5", "2.2-7"],
    run: withUdp(async (udp, port, target) => {
      const two = await pair(target)
      if (two === undefined) return
      udp.send(RelayEnvelope.toServer(two.bytes, two.other.token, new Uint8Array(0)), target.host, port)
      await udp.inbox.take((one) => (RelayEnvelope.readFromServer(one.data)?.packet[0] ?? 0) === 7, "PROOF")
      two.one.session.send({ _tag: "Relay", channel: two.channel, packet: "AQID" })
      equal((await lines(two.other.session, two.channel)).packet, "AQID", "the packet over the control link")
      await udp.inbox.none((one) => RelayEnvelope.readFromServer(one.data)?.packet[0] !== 7, "an unproven address got")
    })
  },
  {
    rule: "2.2-3",
    says: "reaches a side in envelopes once its address is proven",
    also: ["2.2-6"],
    run: withUdp(async (udp, port, target) => {
      const two = await pair(target)
      if (two === undefined) return
      await prove(udp, target, port, two.bytes, two.other.token)
      let found = false
      for (let i = 0; i < 20 && !found; i++) {
        two.one.session.send({ _tag: "Relay", channel: two.channel, packet: "AQID" })
        found = await udp.inbox
          .take(
            (one) => Bytes.equal(RelayEnvelope.readFromServer(one.data)?.packet ?? one.data, Uint8Array.of(1, 2, 3)),
            "envelope",
            250
          )
          .then(
            () => true,
            () => false
          )
      }
      must(found, "no envelope came to a proven address")
    })
  },
  {
    rule: "2.2-2",
    says: "takes an envelope with the right token alone, of at most 1217 bytes",
    run: withUdp(async (udp, port, target) => {
      const two = await pair(target)
      if (two === undefined) return
      udp.send(RelayEnvelope.toServer(two.bytes, two.one.token, Uint8Array.of(8)), target.host, port)
      equal((await lines(two.other.session, two.channel)).packet, "CA", "the packet of a good one")
      udp.send(RelayEnvelope.toServer(two.bytes, randomBytes(8), Uint8Array.of(9)), target.host, port)
      udp.send(RelayEnvelope.toServer(two.bytes, two.one.token, randomBytes(1_201)), target.host, port)
      for (const { session } of [two.one, two.other])
        await session.inbox.none(({ _tag }) => _tag === "Relay", "such an envelope was carried")
    })
  }
]
