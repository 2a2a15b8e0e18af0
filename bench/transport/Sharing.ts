import { readFileSync } from "node:fs"
import * as Net from "node:net"
import { type Figures, jain } from "../support/Figures.js"
import { receiveStream, sendStream } from "./Bulk.js"
import type { Pipe } from "./Pipe.js"
import { sleep } from "./Timing.js"

/**
 * Parts about two flows that want the whole of one link. Parts of the link are of its rate, as the receiving
 * applications see it.
 */

export const oursA = async (pipe: Pipe): Promise<Figures> => {
  const flows = [await sendStream(pipe), await sendStream(pipe)]
  await pipe.receive()
  for (const flow of flows) await flow.close()
  return {}
}

export const oursB =
  (megabytesPerSecond: number) =>
  async (pipe: Pipe): Promise<Figures> => {
    const flows = [await receiveStream(pipe), await receiveStream(pipe)]
    const shares = await sharesOf(
      flows.map(({ received }) => received),
      megabytesPerSecond
    )
    pipe.send("done")
    for (const { host } of flows) await host.close()
    return {
      "two of our flows: Jain's index": jain(shares),
      "two of our flows: part of the link in all": shares[0]! + shares[1]!
    }
  }

/** One flow of ours and one TCP connection of Node's, with the congestion control that the kernel gives it. */
export const besideTcpA = async (pipe: Pipe): Promise<Figures> => {
  const tcp = await sendTcp(pipe)
  const ours = await sendStream(pipe)
  await pipe.receive()
  tcp.destroy()
  await ours.close()
  return {}
}

export const besideTcpB =
  (megabytesPerSecond: number) =>
  async (pipe: Pipe): Promise<Figures> => {
    const tcp = await receiveTcp(pipe)
    const ours = await receiveStream(pipe)
    const shares = await sharesOf([tcp.received, ours.received], megabytesPerSecond)
    pipe.send("done")
    tcp.close()
    await ours.host.close()
    const name = `beside TCP ${control()}`
    return { [`${name}: TCP's part of the link`]: shares[0]!, [`${name}: our part of the link`]: shares[1]! }
  }

/** A TCP connection alone, for comparison. */
export const tcpA = async (pipe: Pipe): Promise<Figures> => {
  const tcp = await sendTcp(pipe)
  await pipe.receive()
  tcp.destroy()
  return {}
}

export const tcpB =
  (name: string) =>
  async (pipe: Pipe): Promise<Figures> => {
    const { close, received } = await receiveTcp(pipe)
    await sleep(ALONE_WARM_UP_MS)
    const before = received()
    await sleep(ALONE_MS)
    const rate = (received() - before) / ALONE_MS / 1_000
    pipe.send("done")
    close()
    return { [`TCP ${control()} ${name} MB/s`]: rate }
  }

/** The kernel's congestion control of this side's network namespace. */
export const control = (): string => readFileSync("/proc/sys/net/ipv4/tcp_congestion_control", "utf8").trim()

const sharesOf = async (received: ReadonlyArray<() => number>, megabytesPerSecond: number) => {
  await sleep(SHARING_WARM_UP_MS)
  const before = received.map((bytes) => bytes())
  const start = performance.now()
  await sleep(SHARING_MS)
  const all = (performance.now() - start) * 1_000 * megabytesPerSecond
  return received.map((bytes, index) => (bytes() - before[index]!) / all)
}

const sendTcp = async (pipe: Pipe): Promise<Net.Socket> => {
  const { address, port } = await pipe.receive<{ readonly address: string; readonly port: number }>()
  const socket = Net.connect({ host: address, port, noDelay: true })
  const write = () => {
    while (socket.write(CHUNK));
  }
  socket.on("drain", write).on("connect", write)
  // The other side leaves first.
  socket.on("error", () => {})
  return socket
}

const receiveTcp = async (pipe: Pipe) => {
  let bytes = 0
  const server = Net.createServer((socket) => {
    socket.on("data", (data) => {
      bytes += data.length
    })
    socket.on("error", () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, pipe.address, resolve))
  pipe.send({ address: pipe.address, port: (server.address() as Net.AddressInfo).port })
  return { received: () => bytes, close: () => server.close() }
}

const CHUNK = new Uint8Array(64 * 1024)
/** Until flows have found each other. */
const SHARING_WARM_UP_MS = 3_000
const SHARING_MS = 7_000
const ALONE_WARM_UP_MS = 1_500
const ALONE_MS = 3_000
