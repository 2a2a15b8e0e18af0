import type { PeerEvent } from "../../src/core/peer/PeerEvent.js"
import type { Figures } from "../support/Figures.js"
import type * as Host from "./Host.js"
import { accept, ask, confirm, type echo } from "./Meeting.js"
import type { Pipe } from "./Pipe.js"
import { largestResident, measure, sleep } from "./Timing.js"

/** One stream that is always full, read as fast as it comes: what a file is, without the disks. */

export interface Bulk {
  readonly name: string
  readonly warmUpMs: number
  readonly measuredMs: number
  /** Bytes of the largest packet that the path carries. */
  readonly largest?: number
}

export const bulkA =
  (bulk: Bulk) =>
  async (pipe: Pipe): Promise<Figures> => {
    const host = await sendStream(pipe, bulk)
    await sleep(bulk.warmUpMs)
    const measured = await measure(host, bulk.measuredMs, () => 1)
    pipe.send("done")
    await pipe.receive()
    await host.close()
    return {
      [`${bulk.name}: sender CPU µs/packet`]: measured.cpuPerPacket,
      [`${bulk.name}: sender packets/s`]: measured.packetsPerSecond,
      [`${bulk.name}: sender RSS MB`]: largestResident()
    }
  }

export const bulkB =
  (bulk: Bulk) =>
  async (pipe: Pipe): Promise<Figures> => {
    const { host, received } = await receiveStream(pipe, bulk)
    await sleep(bulk.warmUpMs)
    const measured = await measure(host, bulk.measuredMs, received)
    await pipe.receive()
    pipe.send("done")
    await host.close()
    return {
      [`${bulk.name} MB/s`]: measured.perSecond / 1e6,
      [`${bulk.name}: receiver CPU µs/packet`]: measured.cpuPerPacket,
      [`${bulk.name}: receiver RSS MB`]: largestResident()
    }
  }

/** Meets the other side and keeps a stream full from then on. */
export const sendStream = async (
  pipe: Pipe,
  options: Omit<Host.HostOptions, "address"> = {},
  onEvent: (event: PeerEvent) => void = () => {}
) => {
  let stream: number | undefined
  const write = () => {
    host.drive((peers, now) => {
      while (peers.writeStream(other.identity, stream!, CHUNK, now) === true);
    })
  }
  const { host, invite, other, say } = await ask(
    pipe,
    (event) => {
      if (event._tag === "Mutual") {
        host.drive((peers, now) => {
          const opened = peers.openStream(event.peer, now)
          if (typeof opened === "number") stream = opened
        })
        write()
      }
      if (event._tag === "StreamWritable") write()
      onEvent(event)
    },
    options
  )
  invite()
  say("hello")
  return { ...host, say }
}

/** Lets the other side in, reads all its streams and answers its messages. */
export const receiveStream = async (
  pipe: Pipe,
  options: Omit<Host.HostOptions, "address"> = {},
  onMessage: typeof echo = confirm
) => {
  let bytes = 0
  const host = await accept(
    pipe,
    onMessage,
    (host, event) => {
      if (event._tag !== "StreamReadable") return
      host.drive((peers, now) => {
        for (;;) {
          const data = peers.readStream(event.peer, event.stream, now)
          if (!(data instanceof Uint8Array)) return
          bytes += data.length
        }
      })
    },
    options
  )
  return { host, received: () => bytes }
}

const CHUNK = new Uint8Array(64 * 1024)
