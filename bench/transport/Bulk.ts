import type { Figures } from "./Figures.js"
import * as Host from "./Host.js"
import { accept, exchange, measure, sleep } from "./Messages.js"
import type { Pipe } from "./Pipe.js"

/** One stream that is always full, read as fast as it comes: what a file is, without the disks. */
export const bulkA = async (pipe: Pipe): Promise<Figures> => {
  let stream: number | undefined
  const host = await Host.open((event) => {
    if (event._tag === "Mutual") {
      host.drive((peers, now) => {
        const opened = peers.openStream(event.peer, now)
        if (typeof opened === "number") stream = opened
      })
      write()
    }
    if (event._tag === "StreamWritable") write()
  })
  const other = await exchange(pipe, host)
  const write = () => {
    host.drive((peers, now) => {
      while (peers.writeStream(other.identity, stream!, CHUNK, now) === true);
    })
  }
  host.drive((peers, now) => {
    peers.invite(Host.introduction(other), now)
    peers.send(other.identity, "hello", now)
  })
  await sleep(WARM_UP_MS)
  const measured = await measure(host, MEASURED_MS, () => 1)
  pipe.send("done")
  await pipe.receive()
  await host.close()
  return { "stream sender CPU µs/packet": measured.cpuPerPacket, "stream packets/s": measured.packetsPerSecond }
}

export const bulkB = async (pipe: Pipe): Promise<Figures> => {
  let bytes = 0
  const host: Host.Host = await accept(
    pipe,
    (peer, id) => {
      host.drive((peers, now) => peers.delivered(peer, id, now))
    },
    (event) => {
      if (event._tag !== "StreamReadable") return
      host.drive((peers, now) => {
        for (;;) {
          const data = peers.readStream(event.peer, event.stream, now)
          if (!(data instanceof Uint8Array)) return
          bytes += data.length
        }
      })
    }
  )
  await sleep(WARM_UP_MS)
  const measured = await measure(host, MEASURED_MS, () => bytes)
  const resident = process.memoryUsage().rss / 1e6
  await pipe.receive()
  pipe.send("done")
  await host.close()
  return {
    "stream MB/s": measured.perSecond / 1e6,
    "stream receiver CPU µs/packet": measured.cpuPerPacket,
    "stream receiver RSS MB": resident
  }
}

const CHUNK = new Uint8Array(64 * 1024)
const WARM_UP_MS = 1_000
const MEASURED_MS = 2_000
