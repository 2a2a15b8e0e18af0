import * as Dgram from "node:dgram"
import { isIP } from "node:net"
import { crypto } from "../../src/layers/node/Crypto.js"
import { HEADER_BYTES } from "../../src/protocol/DataPacket.js"
import type { Figures } from "./Figures.js"
import { quantile } from "./Figures.js"
import type { Pipe } from "./Pipe.js"

/** What Node and the cipher allow at best: sealed datagrams with a counter, and nothing else. */

const key = new Uint8Array(32).fill(7)
const scratch = new Uint8Array(65_536)

class Sealed {
  private counter = 0
  readonly socket = Dgram.createSocket({
    type: "udp4",
    recvBufferSize: 4 * 1024 * 1024,
    lookup: (address, _options, callback) => callback(null, address, isIP(address))
  })
  port = 0

  constructor(
    private readonly payload: Uint8Array,
    onPacket: (sealed: Sealed, packet: Buffer) => void
  ) {
    // Before the port is told: the other side may be faster than the pipe.
    this.socket.on("message", (packet, from) => {
      this.port = from.port
      onPacket(this, packet)
    })
  }

  bind(): Promise<number> {
    return new Promise((resolve) => this.socket.bind(0, "127.0.0.1", () => resolve(this.socket.address().port)))
  }

  send(): void {
    const packet = new Uint8Array(HEADER_BYTES + this.payload.length + 16)
    new DataView(packet.buffer).setUint32(9, this.counter)
    const header = packet.subarray(0, HEADER_BYTES)
    crypto.seal(key, this.counter++, header, this.payload, packet.subarray(HEADER_BYTES))
    this.socket.send(packet, this.port, "127.0.0.1")
  }

  open(packet: Buffer): boolean {
    const counter = packet.readUInt32BE(9)
    return crypto.open(key, counter, packet.subarray(0, HEADER_BYTES), packet.subarray(HEADER_BYTES), scratch)
  }
}

const connect = async (
  pipe: Pipe,
  size: number,
  onPacket: (sealed: Sealed, packet: Buffer) => void = () => {}
): Promise<Sealed> => {
  const sealed = new Sealed(new Uint8Array(size), onPacket)
  pipe.send(await sealed.bind())
  sealed.port = await pipe.receive<number>()
  return sealed
}

export const pingA = async (pipe: Pipe): Promise<Figures> => {
  const times: Array<number> = []
  let started = 0
  let finish = () => {}
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })
  const sealed = await connect(pipe, 100, (_, packet) => {
    sealed.open(packet)
    times.push(performance.now() - started)
    if (times.length === PINGS) return finish()
    started = performance.now()
    sealed.send()
  })
  started = performance.now()
  sealed.send()
  await finished
  sealed.socket.close()
  pipe.send("done")
  const sorted = times.slice(PINGS / 4).sort((left, right) => left - right)
  return { "sealed ping-pong p50 µs": 1_000 * quantile(sorted, 0.5) }
}

export const pingB = async (pipe: Pipe): Promise<Figures> => {
  const sealed = await connect(pipe, 100, (socket, packet) => {
    socket.open(packet)
    socket.send()
  })
  await pipe.receive()
  sealed.socket.close()
  return {}
}

export const floodA =
  (size: number) =>
  async (pipe: Pipe): Promise<Figures> => {
    const sealed = await connect(pipe, size)
    const end = performance.now() + FLOOD_MS
    while (performance.now() < end) {
      for (let i = 0; i < BURST; i++) sealed.send()
      await new Promise((resolve) => setImmediate(resolve))
    }
    pipe.send("done")
    sealed.socket.close()
    return {}
  }

export const floodB =
  (size: number) =>
  async (pipe: Pipe): Promise<Figures> => {
    let first = 0
    let last = 0
    let count = 0
    const sealed = await connect(pipe, size, (socket, packet) => {
      if (!socket.open(packet)) return
      last = performance.now()
      if (count++ === 0) first = last
    })
    await pipe.receive()
    await new Promise((resolve) => setTimeout(resolve, 200))
    sealed.socket.close()
    const perSecond = (count * 1_000) / (last - first)
    return {
      [`sealed flood ${size} B packets/s`]: perSecond,
      [`sealed flood ${size} B MB/s`]: (perSecond * size) / 1e6
    }
  }

const PINGS = 8_000
const FLOOD_MS = 1_500
const BURST = 16
