import type { PeerEvent } from "../../src/core/peer/Api.js"
import { type Figures, quantile } from "./Figures.js"
import * as Host from "./Host.js"
import type { Pipe } from "./Pipe.js"

/** Parts about messages: the side called A begins and measures, B answers. */

/** From the first packet of a handshake between two that never met to the echo of the first message. */
export const openA = async (pipe: Pipe): Promise<Figures> => {
  const times: Array<number> = []
  for (let i = 0; i < OPENINGS; i++) {
    const echoed = deferred()
    const host = await Host.open((event) => {
      if (event._tag === "Message") echoed.resolve()
    })
    const other = await exchange(pipe, host)
    const started = performance.now()
    host.drive((peers, now) => {
      peers.invite(Host.introduction(other), now)
      peers.send(other.identity, "hello", now)
    })
    await echoed.promise
    times.push(performance.now() - started)
    pipe.send("echoed")
    await pipe.receive()
    await host.close()
  }
  const sorted = times.slice(1).sort((left, right) => left - right)
  return { "open to first echo, warm p50 ms": quantile(sorted, 0.5), "open to first echo, cold ms": times[0]! }
}

export const openB = async (pipe: Pipe): Promise<Figures> => {
  for (let i = 0; i < OPENINGS; i++) {
    const { host } = await echo(pipe)
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
  const host = await Host.open((event) => {
    if (event._tag !== "Message") return
    times.push(performance.now() - started)
    host.drive((peers, now) => peers.delivered(event.peer, event.id, now))
    if (times.length === ROUND_TRIPS) done.resolve()
    else next()
  })
  const other = await exchange(pipe, host)
  const next = () => {
    started = performance.now()
    host.drive((peers, now) => peers.send(other.identity, TEXT, now))
  }
  host.drive((peers, now) => peers.invite(Host.introduction(other), now))
  next()
  await done.promise
  pipe.send("done")
  await host.close()
  const sorted = times.slice(ROUND_TRIPS / 2).sort((left, right) => left - right)
  return {
    "round trip 100 B p50 µs": 1_000 * quantile(sorted, 0.5),
    "round trip 100 B p99 µs": 1_000 * quantile(sorted, 0.99),
    "packets a round trip": (host.packets.sent + host.packets.received) / ROUND_TRIPS
  }
}

export const rttB = async (pipe: Pipe): Promise<Figures> => {
  const { host } = await echo(pipe)
  await pipe.receive()
  await host.close()
  return {}
}

/** As many messages of 100 B as the outbox takes, one way; a message counts when the other application has confirmed it. */
export const rateA = async (pipe: Pipe): Promise<Figures> => {
  let delivered = 0
  const host = await Host.open((event) => {
    if (event._tag === "Delivered" && ++delivered % REFILL === 0) fill()
  })
  const other = await exchange(pipe, host)
  const fill = () => {
    host.drive((peers, now) => {
      for (let i = 0; i < LARGEST_FILL && typeof peers.send(other.identity, TEXT, now) === "string"; i++);
    })
  }
  host.drive((peers, now) => peers.invite(Host.introduction(other), now))
  fill()
  await sleep(WARM_UP_MS)
  const measured = await measure(host, MEASURED_MS, () => delivered)
  pipe.send("done")
  await host.close()
  return {
    "messages 100 B one way /s": measured.perSecond,
    "sender packets/s": measured.packetsPerSecond,
    "sender CPU µs/message": measured.cpuMicros,
    "sender CPU µs/packet": measured.cpuPerPacket
  }
}

export const rateB = async (pipe: Pipe): Promise<Figures> => {
  let shown = 0
  const host = await accept(pipe, (peer, id) => {
    shown++
    host.drive((peers, now) => peers.delivered(peer, id, now))
  })
  await sleep(WARM_UP_MS)
  const measured = await measure(host, MEASURED_MS, () => shown)
  await pipe.receive()
  await host.close()
  return { "receiver CPU µs/message": measured.cpuMicros, "receiver CPU µs/packet": measured.cpuPerPacket }
}

/** Cards go both ways; B has admitted A by the time A has B's. */
export const exchange = async (pipe: Pipe, host: Host.Host): Promise<Host.Card> => {
  pipe.send(host.card)
  return pipe.receive<Host.Card>()
}

/** Lets the other side in, and asks back when its first message comes. */
export const accept = async (
  pipe: Pipe,
  onMessage: (peer: string, id: string, text: string) => void,
  onEvent?: (event: PeerEvent) => void
) => {
  let asked = false
  const other = await pipe.receive<Host.Card>()
  const host: Host.Host = await Host.open((event) => {
    onEvent?.(event)
    if (event._tag !== "Message") return
    if (!asked) host.drive((peers, now) => peers.invite(Host.introduction(other), now))
    asked = true
    onMessage(event.peer, event.id, event.text)
  })
  host.drive((peers, now) => peers.admit(Host.introduction(other), now))
  pipe.send(host.card)
  return host
}

/** What `count` and the processor did in `ms`. */
export const measure = async (host: Host.Host, ms: number, count: () => number) => {
  const before = { at: performance.now(), cpu: process.cpuUsage(), count: count(), packets: { ...host.packets } }
  await sleep(ms)
  const seconds = (performance.now() - before.at) / 1_000
  const cpu = process.cpuUsage(before.cpu)
  const packets = host.packets.sent + host.packets.received - before.packets.sent - before.packets.received
  const counted = count() - before.count
  return {
    perSecond: counted / seconds,
    packetsPerSecond: packets / seconds,
    cpuMicros: (cpu.user + cpu.system) / counted,
    cpuPerPacket: (cpu.user + cpu.system) / packets,
    /** Part of one core. */
    load: (cpu.user + cpu.system) / 1e6 / seconds
  }
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const echo = async (pipe: Pipe) => {
  const host = await accept(pipe, (peer, id, text) => {
    host.drive((peers, now) => {
      peers.delivered(peer, id, now)
      peers.send(peer, text, now)
    })
  })
  return { host }
}

const TEXT = "x".repeat(100)
/** The first is cold; the rest have a median. */
const OPENINGS = 21
const ROUND_TRIPS = 30_000
/** Messages confirmed between two fills of the outbox. */
const REFILL = 256
const LARGEST_FILL = 1_024
const WARM_UP_MS = 1_000
const MEASURED_MS = 2_000

const deferred = () => {
  let resolve = () => {}
  const promise = new Promise<void>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
