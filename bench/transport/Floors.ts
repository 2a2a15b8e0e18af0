import * as Dgram from "node:dgram"
import { isIP } from "node:net"
import { crypto } from "../../src/layers/node/Crypto.js"
import { HEADER_BYTES } from "../../src/protocol/DataPacket.js"
import { ascending, type Figures, quantile } from "../support/Figures.js"
import type { Pipe } from "./Pipe.js"
import { atIntervals, deferred, largestResident, sharedNow, sleep } from "./Timing.js"

/**
 * What Node (and the cipher, and the link) allow at best: datagrams with a counter, sealed or in the clear, and nothing
 * else.
 */

export type Cover = "sealed" | "raw"

export const pingA =
  (cover: Cover) =>
  async (pipe: Pipe): Promise<Figures> => {
    const times: Array<number> = []
    let started = 0
    const { promise, resolve } = deferred()
    const bare = await connect(pipe, cover, 100, (_, packet) => {
      bare.open(packet)
      times.push(performance.now() - started)
      if (times.length === PINGS) return resolve()
      started = performance.now()
      bare.send()
    })
    started = performance.now()
    bare.send()
    await promise
    bare.socket.close()
    pipe.send("done")
    return { [`${cover} ping-pong p50 µs`]: 1_000 * quantile(ascending(times.slice(PINGS / 4)), 0.5) }
  }

export const pingB =
  (cover: Cover) =>
  async (pipe: Pipe): Promise<Figures> => {
    const bare = await connect(pipe, cover, 100, (socket, packet) => {
      socket.open(packet)
      socket.send()
    })
    await pipe.receive()
    bare.socket.close()
    return {}
  }

/** `bytes`: of payload, with the frame's 29 B of header and tag besides. */
export const floodA =
  (cover: Cover, bytes: number) =>
  async (pipe: Pipe): Promise<Figures> => {
    const bare = await connect(pipe, cover, bytes)
    const end = performance.now() + FLOOD_MS
    while (performance.now() < end) {
      for (let i = 0; i < BURST; i++) bare.send()
      await new Promise((resolve) => setImmediate(resolve))
    }
    pipe.send("done")
    bare.socket.close()
    return {}
  }

export const floodB =
  (cover: Cover, bytes: number, name = `${cover} flood ${bytes} B`) =>
  async (pipe: Pipe): Promise<Figures> => {
    let first = 0
    let last = 0
    let count = 0
    const bare = await connect(pipe, cover, bytes, (socket, packet) => {
      if (!socket.open(packet)) return
      last = performance.now()
      if (count++ === 0) first = last
    })
    await pipe.receive()
    await sleep(DRAIN_MS)
    bare.socket.close()
    const perSecond = (count * 1_000) / (last - first)
    return {
      [`${name} packets/s`]: perSecond,
      [`${name} MB/s`]: (perSecond * bytes) / 1e6,
      [`${name}: receiver RSS MB`]: largestResident()
    }
  }

/** How late the link, the sockets and the timers are by themselves: a datagram each 10 ms, nothing repeated. */
export const pacedA = async (pipe: Pipe): Promise<Figures> => {
  const bare = await connect(pipe, "raw", 100)
  await sleep(SETTLE_MS)
  await atIntervals(PACED, PACED_EVERY_MS, () => bare.send(sharedNow()))
  await sleep(DRAIN_MS)
  pipe.send("done")
  bare.socket.close()
  return {}
}

export const pacedB =
  (name: string) =>
  async (pipe: Pipe): Promise<Figures> => {
    const late: Array<number> = []
    const bare = await connect(pipe, "raw", 100, (_, packet) => {
      late.push(sharedNow() - packet.readDoubleBE(HEADER_BYTES))
    })
    await pipe.receive()
    bare.socket.close()
    return {
      [`${name} p99 ms of what arrives`]: quantile(ascending(late), 0.99),
      [`${name} lost %`]: 100 * (1 - late.length / PACED)
    }
  }

const connect = async (
  pipe: Pipe,
  cover: Cover,
  bytes: number,
  onPacket: (bare: Bare, packet: Buffer) => void = () => {}
): Promise<Bare> => {
  const bare = new Bare(cover, new Uint8Array(bytes), onPacket)
  pipe.send({ address: pipe.address, port: await bare.bind() } satisfies Place)
  bare.other = await pipe.receive<Place>()
  return bare
}

interface Place {
  readonly address: string
  readonly port: number
}

class Bare {
  private counter = 0
  readonly socket = Dgram.createSocket({
    type: "udp4",
    recvBufferSize: 4 * 1024 * 1024,
    lookup: (address, _options, callback) => callback(null, address, isIP(address))
  })
  other: Place = { address: "127.0.0.1", port: 0 }

  constructor(
    private readonly cover: Cover,
    private readonly payload: Uint8Array,
    onPacket: (bare: Bare, packet: Buffer) => void
  ) {
    // Before the port is told: the other side may be faster than the pipe.
    this.socket.on("message", (packet, from) => {
      this.other = from
      onPacket(this, packet)
    })
  }

  bind(): Promise<number> {
    return new Promise((resolve) => this.socket.bind(0, () => resolve(this.socket.address().port)))
  }

  /** `stamp` goes in the clear at the beginning of the payload. */
  send(stamp?: number): void {
    const packet = new Uint8Array(HEADER_BYTES + this.payload.length + TAG_BYTES)
    const view = new DataView(packet.buffer)
    view.setUint32(COUNTER_AT, this.counter)
    const header = packet.subarray(0, HEADER_BYTES)
    if (this.cover === "sealed") crypto.seal(key, this.counter, header, this.payload, packet.subarray(HEADER_BYTES))
    else packet.set(this.payload, HEADER_BYTES)
    if (stamp !== undefined) view.setFloat64(HEADER_BYTES, stamp)
    this.counter++
    this.socket.send(packet, this.other.port, this.other.address)
  }

  open(packet: Buffer): boolean {
    if (this.cover === "raw") return true
    const counter = packet.readUInt32BE(COUNTER_AT)
    return crypto.open(key, counter, packet.subarray(0, HEADER_BYTES), packet.subarray(HEADER_BYTES), scratch)
  }
}

const key = new Uint8Array(32).fill(7)
const scratch = new Uint8Array(65_536)
/** The lower half of the header's counter. */
const COUNTER_AT = 9
const TAG_BYTES = 16
const PINGS = 8_000
const FLOOD_MS = 1_000
const BURST = 16
/** For what is still under way, on the longest link. */
const DRAIN_MS = 200
/** Other parts start at the same time, and take the processors for a while. */
const SETTLE_MS = 3_000
const PACED = 1_000
const PACED_EVERY_MS = 10
