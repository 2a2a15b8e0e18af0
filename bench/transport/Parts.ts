import { ascending, type Figures, quantile } from "../support/Figures.js"
import { type Bulk, bulkA, bulkB } from "./Bulk.js"
import { filesA, filesB } from "./Files.js"
import * as Floors from "./Floors.js"
import * as Latency from "./Latency.js"
import type { LinkSettings } from "./Link.js"
import * as Messages from "./Messages.js"
import { millionA, millionB } from "./Million.js"
import type { Pipe } from "./Pipe.js"
import * as Sharing from "./Sharing.js"
import { wholeA, wholeB } from "./Whole.js"

/** One thing that is measured, by two processes. */
export interface Part {
  readonly name: string
  /** One line for people. */
  readonly about: string
  readonly a: Role
  readonly b: Role
  /** What lies between the two; loopback when left out. */
  readonly link?: LinkSettings
  /** Parts of one batch run at the same time, each on its own link: they wait most of the time. */
  readonly batch?: string
  /** Only when asked for by name. */
  readonly onRequest?: boolean
  /** ms after which it has failed; a minute when left out. */
  readonly limit?: number
}

export type Role = (pipe: Pipe) => Promise<Figures>

/** Of UDP payload that are a packet's header and tag. */
const OVERHEAD = 29
const SMALL_PACKET = 1_200 - OVERHEAD
const LARGE_PACKET = 16_384 - OVERHEAD
/** What the link's parts have between their sides. */
const ONE_PERCENT: LinkSettings = { delay: 25, loss: 1 }
const FIVE_PERCENT: LinkSettings = { delay: 25, loss: 5 }
/** 100 Mbit/s; the queue holds one bandwidth-delay product. */
const HUNDRED_MBIT: LinkSettings = { delay: 25, rate: 100, queue: 625 }
/** Shared by two flows: slow enough for three such links at a time. */
const FIFTY_MBIT: LinkSettings = { delay: 25, rate: 50, queue: 312 }
const FIFTY_MBIT_BYTES = 50 / 8

const flood = (cover: Floors.Cover, bytes: number) => ({
  a: Floors.floodA(cover, bytes),
  b: Floors.floodB(cover, bytes)
})

const bulk = (settings: Bulk) => ({ a: bulkA(settings), b: bulkB(settings) })
/** Over links the rates take some round trips to be found. */
const onLink = (name: string): Bulk => ({ name, warmUpMs: 1_500, measuredMs: 4_000 })

const OPENINGS = 21
const WORST_OF = 10
const openings = (times: ReadonlyArray<number>): Figures => ({
  "open to first echo, warm p50 ms": quantile(ascending(times.slice(1)), 0.5),
  "open to first echo, cold ms": times[0]!
})
const worst = (times: ReadonlyArray<number>): Figures => ({
  "connect at 5 %, worst of 10 ms": Math.max(...times),
  "connect at 5 %, p50 ms": quantile(ascending(times), 0.5)
})

export const PARTS: ReadonlyArray<Part> = [
  {
    name: "floor-ping",
    about: "floor: sealed datagrams back and forth",
    a: Floors.pingA("sealed"),
    b: Floors.pingB("sealed")
  },
  { name: "floor-ping-raw", about: "floor: the same in the clear", a: Floors.pingA("raw"), b: Floors.pingB("raw") },
  { name: "floor-100", about: "floor: sealed datagrams of 100 B one way", ...flood("sealed", 100) },
  { name: "floor-100-raw", about: "floor: the same in the clear", ...flood("raw", 100) },
  { name: "floor-1200", about: "floor: sealed datagrams of 1200 B one way", ...flood("sealed", SMALL_PACKET) },
  { name: "floor-1200-raw", about: "floor: the same in the clear", ...flood("raw", SMALL_PACKET) },
  { name: "floor-16k", about: "floor: sealed datagrams of 16 KiB one way", ...flood("sealed", LARGE_PACKET) },
  { name: "floor-16k-raw", about: "floor: the same in the clear", ...flood("raw", LARGE_PACKET) },
  {
    name: "open",
    about: "handshake of two strangers to the first echo",
    a: Messages.openA(OPENINGS, openings),
    b: Messages.openB(OPENINGS)
  },
  { name: "rtt", about: "messages of 100 B back and forth", a: Messages.rttA, b: Messages.rttB },
  { name: "messages", about: "messages of 100 B one way", a: Messages.rateA, b: Messages.rateB },
  {
    name: "stream-1200",
    about: "a full stream where no packet above 1200 B arrives",
    ...bulk({ name: "stream, 1200 B packets", warmUpMs: 1_000, measuredMs: 2_000, largest: 1_200 })
  },
  {
    name: "stream",
    about: "a full stream in packets as large as loopback takes",
    ...bulk({ name: "stream, MTU found", warmUpMs: 1_000, measuredMs: 2_000 })
  },
  { name: "client", about: "messages through whole clients, journals on disk", a: wholeA, b: wholeB },
  { name: "files", about: "a file through whole clients, from disk to disk", a: filesA, b: filesB },

  {
    name: "link-floor",
    about: "floor: what the emulated link carries, datagrams of 1200 B",
    a: Floors.floodA("raw", SMALL_PACKET),
    b: Floors.floodB("raw", SMALL_PACKET, "link floor: raw flood 1171 B"),
    link: ONE_PERCENT
  },
  {
    name: "link-tcp-1",
    about: "comparison: TCP over the link, 25 ms each way, 1 % loss",
    a: Sharing.tcpA,
    b: Sharing.tcpB("at 1 %"),
    link: ONE_PERCENT
  },
  {
    name: "file-1",
    about: "a full stream, 25 ms each way, 1 % loss",
    ...bulk(onLink("file at 1 %")),
    link: ONE_PERCENT
  },
  {
    name: "file-5",
    about: "a full stream, 25 ms each way, 5 % loss",
    ...bulk(onLink("file at 5 %")),
    link: FIVE_PERCENT
  },
  {
    name: "file-100mbit",
    about: "a full stream on 100 Mbit/s, 25 ms each way, 1 % loss",
    ...bulk(onLink("file on 100 Mbit/s at 1 %")),
    link: { ...HUNDRED_MBIT, loss: 1 }
  },
  {
    name: "beside-file",
    about: "messages echoed beside a stream that fills 100 Mbit/s, 25 ms each way",
    a: Latency.besideA("chat beside a file, echo"),
    b: Latency.besideB("chat beside a file"),
    link: HUNDRED_MBIT
  },
  {
    name: "link-paced-1",
    about: "floor: 100 datagrams a second, one way, 1 % loss",
    a: Floors.pacedA,
    b: Floors.pacedB("link floor: one way at 1 %"),
    link: ONE_PERCENT,
    batch: "latency"
  },
  {
    name: "paced-1",
    about: "100 messages a second, one way, 25 ms, 1 % loss",
    a: Latency.pacedA,
    b: Latency.pacedB("paced, one way at 1 %"),
    link: ONE_PERCENT,
    batch: "latency"
  },
  {
    name: "paced-5",
    about: "the same with 5 % loss",
    a: Latency.pacedA,
    b: Latency.pacedB("paced, one way at 5 %"),
    link: FIVE_PERCENT,
    batch: "latency"
  },
  {
    name: "lone-1",
    about: "lone messages echoed, 25 ms each way, 1 % loss",
    a: Latency.loneA("lone echo at 1 %"),
    b: Latency.loneB,
    link: ONE_PERCENT,
    batch: "latency"
  },
  {
    name: "lone-5",
    about: "the same with 5 % loss",
    a: Latency.loneA("lone echo at 5 %"),
    b: Latency.loneB,
    link: FIVE_PERCENT,
    batch: "latency"
  },
  {
    name: "connect-5",
    about: "handshake of two strangers to the first echo, 25 ms each way, 5 % loss",
    a: Messages.openA(WORST_OF, worst),
    b: Messages.openB(WORST_OF),
    link: FIVE_PERCENT,
    batch: "latency"
  },
  {
    name: "two-flows",
    about: "two full streams of ours on 50 Mbit/s, 25 ms each way",
    a: Sharing.oursA,
    b: Sharing.oursB(FIFTY_MBIT_BYTES),
    link: FIFTY_MBIT,
    batch: "sharing"
  },
  {
    name: "beside-tcp",
    about: "a full stream beside TCP as the kernel has it",
    a: Sharing.besideTcpA,
    b: Sharing.besideTcpB(FIFTY_MBIT_BYTES),
    link: FIFTY_MBIT,
    batch: "sharing"
  },
  {
    name: "beside-loss",
    about: "a full stream beside TCP that takes loss for congestion: cubic, which most machines have, or reno",
    a: Sharing.besideTcpA,
    b: Sharing.besideTcpB(FIFTY_MBIT_BYTES),
    link: { ...FIFTY_MBIT, tcp: ["cubic", "reno"] },
    batch: "sharing"
  },
  {
    name: "million",
    about: "10^6 messages, 25 ms each way, 5 % loss: none lost, doubled or out of order",
    a: millionA,
    b: millionB,
    link: FIVE_PERCENT,
    onRequest: true,
    limit: 600_000
  }
]
