import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as UdpSockets from "../../src/client/UdpSockets.js"
import type { Introduction } from "../../src/core/peer/Introduction.js"
import type { PeerEvent } from "../../src/core/peer/PeerEvent.js"
import { Peers } from "../../src/core/peer/Peers.js"
import * as Base64Url from "../../src/domain/Base64Url.js"
import { CHANNEL_BYTES, channelIdOf } from "../../src/domain/ChannelId.js"
import * as Endpoint from "../../src/domain/Endpoint.js"
import * as Identity from "../../src/domain/Identity.js"
import { identityKeyOf, type PeerId, peerIdOf } from "../../src/domain/PeerId.js"
import { crypto } from "../../src/layers/node/Crypto.js"
import * as NodeDatagrams from "../../src/layers/node/Datagrams.js"
import * as NodeEntropy from "../../src/layers/node/Entropy.js"
import * as PeerRecord from "../../src/protocol/PeerRecord.js"
import * as Alarm from "../../src/services/Alarm.js"
import { Datagrams } from "../../src/services/Datagrams.js"
import { Entropy } from "../../src/services/Entropy.js"
import * as Time from "../../src/services/Time.js"

/** What one side has to know of the other; plain data, for the pipe between processes. */
export interface Card {
  readonly identity: PeerId
  readonly staticKey: string
  readonly candidate: string
}

/** One fresh identity with its sockets and its machine, driven as the client drives it. */
export interface Host {
  readonly id: string
  readonly card: Card
  readonly drive: Link["drive"]
  readonly packets: { sent: number; received: number }
  readonly close: () => Promise<void>
}

export interface HostOptions {
  /** Where the other side reaches this one. */
  readonly address: string
  /** Bytes of the largest packet that the path carries; larger ones are lost without a word. No limit when left out. */
  readonly largest?: number | undefined
}

export const open = async (
  { address, largest = Number.POSITIVE_INFINITY }: HostOptions,
  onEvent: (event: PeerEvent, now: number) => void
): Promise<Host> => {
  const scope = await Effect.runPromise(Scope.make())
  const packets = { sent: 0, received: 0 }
  const identity = Identity.fromSeed(crypto, globalThis.crypto.getRandomValues(new Uint8Array(32)))
  const record: PeerRecord.PeerRecord = {
    nick: "bench",
    identity: identity.signKeys.publicKey,
    staticKey: identity.staticKeys.publicKey,
    sequence: 1,
    expiry: Date.now() + 3_600_000
  }
  const entropy = await Effect.runPromise(Effect.provide(Entropy, NodeEntropy.layer))
  const machine = new Peers({
    crypto,
    entropy,
    identity: { publicKey: identity.signKeys.publicKey, staticKeys: identity.staticKeys },
    now: Effect.runSync(Time.make).monotonic()
  })
  const link = await Effect.runPromise(
    driving(machine, onEvent).pipe(Effect.provide(counting(packets, largest)), Scope.extend(scope))
  )
  const candidate = Endpoint.make(address, link.port)!
  link.drive((peers, now) =>
    peers.setLocal(PeerRecord.sign(crypto, identity.signKeys.secretKey, record)!, [candidate], now)
  )
  return {
    id: peerIdOf(identity.signKeys.publicKey),
    card: {
      identity: peerIdOf(record.identity),
      staticKey: Base64Url.encode(record.staticKey),
      candidate: Endpoint.format(candidate)
    },
    drive: link.drive,
    packets,
    close: () => Effect.runPromise(Scope.close(scope, Exit.void))
  }
}

interface Link {
  readonly port: number
  /** Calls the machine, then drains it. */
  readonly drive: <A>(use: (machine: Peers, now: number) => A) => A
}

/** Drives the peer machine alone as `client/Driver` drives a whole client. Closing the scope says goodbye first. */
const driving = (
  machine: Peers,
  onEvent: (event: PeerEvent, now: number) => void
): Effect.Effect<Link, unknown, Datagrams | Scope.Scope> =>
  Effect.gen(function* () {
    const time = yield* Time.make
    let draining = false
    let now = 0
    const drain = (at: number) => {
      if (draining) return
      draining = true
      now = at
      for (let more = true; more; now = time.monotonic()) {
        more = false
        for (let event = machine.pollEvent(); event !== undefined; event = machine.pollEvent()) onEvent(event, now)
        for (let packet = machine.pollTransmit(now); packet !== undefined; packet = machine.pollTransmit(now)) {
          more = true
          if (packet.route._tag !== "Direct") continue
          machine.memory.release(sockets.send(packet.route.endpoint, packet.data))
        }
      }
      draining = false
      alarm.set(machine.pollTimeout())
    }
    const read = () => (draining ? now : time.monotonic())
    const alarm = yield* Alarm.make((at) => {
      machine.handleTimeout(at)
      drain(at)
    })
    const sockets = yield* UdpSockets.make({
      onDatagram: (endpoint, data) => machine.handleDatagram({ _tag: "Direct", endpoint }, data, read()),
      onIdle: () => drain(time.monotonic())
    })
    const drive: Link["drive"] = (use) => {
      const at = read()
      const result = use(machine, at)
      drain(at)
      return result
    }
    yield* Effect.addFinalizer(() => Effect.sync(() => drive((peers, at) => peers.closeAll(at))))
    return { port: sockets.ports.ipv4!, drive }
  })

/** What the server would say of the other side. `caller` has asked, and may be one of several who ask the same one. */
export const introduction = (card: Card, caller?: PeerId): Introduction => ({
  channel: channelIdOf(
    caller === undefined ? new Uint8Array(CHANNEL_BYTES).fill(1) : identityKeyOf(caller).slice(0, CHANNEL_BYTES)
  ),
  pairKey: new Uint8Array(32).fill(2),
  record: {
    nick: "bench",
    identity: identityKeyOf(card.identity),
    staticKey: Base64Url.decode(card.staticKey)!,
    sequence: 1,
    expiry: Date.now() + 3_600_000
  },
  candidates: [Endpoint.parse(card.candidate)!],
  // Otherwise an address of the loopback is one that means nothing to us.
  isHere: true
})

const counting = (packets: Host["packets"], largest: number): Layer.Layer<Datagrams> =>
  Layer.effect(
    Datagrams,
    Effect.map(Datagrams, (real) => ({
      bind: (options) =>
        real
          .bind({
            ...options,
            onDatagram: (from, data) => {
              packets.received++
              options.onDatagram(from, data)
            }
          })
          .pipe(
            Effect.map((socket) => ({
              ...socket,
              send: (to, data) => {
                packets.sent++
                return data.length > largest || socket.send(to, data)
              }
            }))
          )
    }))
  ).pipe(Layer.provide(NodeDatagrams.layer))
