import { ascending, type Figures, quantile } from "../support/Figures.js"
import { accept, ask, confirm, echo } from "./Meeting.js"
import type { Pipe } from "./Pipe.js"
import { deferred, measure, sleep } from "./Timing.js"

/** Parts about messages as fast as they go: the side called A begins and measures, B answers. */

/** From the first packet of a handshake between two that never met to the echo of the first message. */
export const openA =
  (openings: number, figures: (times: ReadonlyArray<number>) => Figures) =>
  async (pipe: Pipe): Promise<Figures> => {
    const times: Array<number> = []
    for (let i = 0; i < openings; i++) {
      const echoed = deferred()
      const { host, invite, say } = await ask(pipe, (event) => {
        if (event._tag === "Message") echoed.resolve()
      })
      const started = performance.now()
      invite()
      say("hello")
      await echoed.promise
      times.push(performance.now() - started)
      pipe.send("echoed")
      await pipe.receive()
      await host.close()
    }
    return figures(times)
  }

export const openB =
  (openings: number) =>
  async (pipe: Pipe): Promise<Figures> => {
    for (let i = 0; i < openings; i++) {
      const host = await accept(pipe, echo)
      await pipe.receive()
      pipe.send("closing")
      await host.close()
    }
    return {}
  }

/** Round trips of one message of 100 B, each sent when the one before came back. */
export const rttA = async (pipe: Pipe): Promise<Figures> => {
  const done = deferred()
  const times: Array<number> = []
  let started = 0
  const next = () => {
    started = performance.now()
    say(TEXT)
  }
  const { host, invite, say } = await ask(pipe, (event) => {
    if (event._tag !== "Message") return
    times.push(performance.now() - started)
    confirm(host, event.peer, event.id)
    if (times.length === ROUND_TRIPS) done.resolve()
    else next()
  })
  invite()
  const before = process.cpuUsage()
  next()
  await done.promise
  const used = process.cpuUsage(before)
  pipe.send("done")
  await host.close()
  const sorted = ascending(times.slice(ROUND_TRIPS / 2))
  return {
    "round trip 100 B p50 µs": 1_000 * quantile(sorted, 0.5),
    "round trip 100 B p99 µs": 1_000 * quantile(sorted, 0.99),
    "CPU of one side µs/round trip": (used.user + used.system) / ROUND_TRIPS,
    "packets a round trip": (host.packets.sent + host.packets.received) / ROUND_TRIPS
  }
}

export const rttB = async (pipe: Pipe): Promise<Figures> => {
  const host = await accept(pipe, echo)
  await pipe.receive()
  await host.close()
  return {}
}

/**
 * As many messages of 100 B as the outbox takes, one way; a message counts when the other application has confirmed it.
 */
export const rateA = async (pipe: Pipe): Promise<Figures> => {
  let delivered = 0
  const fill = () => {
    host.drive((peers, now) => {
      for (let i = 0; i < LARGEST_FILL && typeof peers.send(other.identity, TEXT, now) === "string"; i++);
    })
  }
  const { host, invite, other } = await ask(pipe, (event) => {
    if (event._tag === "Delivered" && ++delivered % REFILL === 0) fill()
  })
  invite()
  fill()
  await sleep(WARM_UP_MS)
  const measured = await measure(host, MEASURED_MS, () => delivered)
  pipe.send("done")
  await host.close()
  return {
    "messages 100 B one way /s": measured.perSecond,
    "messages: sender packets/s": measured.packetsPerSecond,
    "messages: sender CPU µs/message": measured.cpuMicros,
    "messages: sender CPU µs/packet": measured.cpuPerPacket
  }
}

export const rateB = async (pipe: Pipe): Promise<Figures> => {
  let shown = 0
  const host = await accept(pipe, (host, peer, id) => {
    shown++
    confirm(host, peer, id)
  })
  await sleep(WARM_UP_MS)
  const measured = await measure(host, MEASURED_MS, () => shown)
  await pipe.receive()
  await host.close()
  return {
    "messages: receiver CPU µs/message": measured.cpuMicros,
    "messages: receiver CPU µs/packet": measured.cpuPerPacket
  }
}

export const TEXT = "x".repeat(100)
const ROUND_TRIPS = 20_000
/** Messages confirmed between two fills of the outbox. */
const REFILL = 256
const LARGEST_FILL = 1_024
const WARM_UP_MS = 1_000
const MEASURED_MS = 2_000
