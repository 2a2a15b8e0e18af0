import { ascending, type Figures, quantile } from "../support/Figures.js"
import { receiveStream, sendStream } from "./Bulk.js"
import { accept, ask, confirm, echo } from "./Meeting.js"
import type { Pipe } from "./Pipe.js"
import { atIntervals, sharedNow, sleep } from "./Timing.js"

/**
 * Parts about how late messages are on a link that loses packets: each message carries the time at which it was said.
 */

/** A message each 10 ms, one way. */
export const pacedA = async (pipe: Pipe): Promise<Figures> => {
  const { host, invite, say } = await ask(pipe, () => {})
  invite()
  say("hello")
  await sleep(SETTLE_MS)
  await atIntervals(PACED, PACED_EVERY_MS, () => say(stamped()))
  await sleep(LAST_MS)
  pipe.send("done")
  await host.close()
  return {}
}

export const pacedB =
  (name: string) =>
  async (pipe: Pipe): Promise<Figures> => {
    const late: Array<number> = []
    const host = await accept(pipe, (host, peer, id, text) => {
      if (isStamped(text)) late.push(age(text))
      confirm(host, peer, id)
    })
    await pipe.receive()
    await host.close()
    return percentiles(name, late, PACED)
  }

/**
 * A message each 500 ms on each of 20 connections, so that nothing behind a lost one hastens its repetition: what a
 * line of chat sees.
 */
export const loneA =
  (name: string) =>
  async (pipe: Pipe): Promise<Figures> => {
    const echoes: Array<number> = []
    const lines: Array<Awaited<ReturnType<typeof ask>>> = []
    for (let i = 0; i < CONNECTIONS; i++) {
      const line = await ask(pipe, (event) => {
        if (event._tag !== "Message") return
        if (isStamped(event.text)) echoes.push(age(event.text))
        confirm(line.host, event.peer, event.id)
      })
      lines.push(line)
      line.invite()
      line.say("hello")
    }
    await sleep(SETTLE_MS)
    const count = CONNECTIONS * LONE_EACH
    await atIntervals(count, LONE_EVERY_MS / CONNECTIONS, (index) => lines[index % CONNECTIONS]!.say(stamped()))
    await sleep(LAST_MS)
    pipe.send("done")
    for (const { host } of lines) await host.close()
    return percentiles(name, echoes, count)
  }

export const loneB = async (pipe: Pipe): Promise<Figures> => {
  const hosts = []
  for (let i = 0; i < CONNECTIONS; i++) hosts.push(await accept(pipe, echo))
  await pipe.receive()
  for (const host of hosts) await host.close()
  return {}
}

/** A message each 25 ms, echoed, while a stream takes all that the path carries. */
export const besideA =
  (name: string) =>
  async (pipe: Pipe): Promise<Figures> => {
    const echoes: Array<number> = []
    const sender = await sendStream(pipe, {}, (event) => {
      if (event._tag !== "Message") return
      if (isStamped(event.text)) echoes.push(age(event.text))
      confirm(sender, event.peer, event.id)
    })
    await sleep(FILL_MS)
    await atIntervals(BESIDE, BESIDE_EVERY_MS, () => sender.say(stamped()))
    await sleep(LAST_MS)
    pipe.send("done")
    await sender.close()
    return percentiles(name, echoes, BESIDE)
  }

export const besideB =
  (name: string) =>
  async (pipe: Pipe): Promise<Figures> => {
    const { host, received } = await receiveStream(pipe, {}, echo)
    await sleep(FILL_MS)
    const before = { at: performance.now(), bytes: received() }
    await pipe.receive()
    const rate = (received() - before.bytes) / (performance.now() - before.at) / 1_000
    await host.close()
    return { [`${name}: the stream meanwhile MB/s`]: rate }
  }

/** What never came counts as later than all others. */
const percentiles = (name: string, late: ReadonlyArray<number>, expected: number): Figures => {
  const missing = Math.max(0, expected - late.length)
  const sorted = [...ascending(late), ...Array.from({ length: missing }, () => Number.POSITIVE_INFINITY)]
  return {
    [`${name} p50 ms`]: quantile(sorted, 0.5),
    [`${name} p99 ms`]: quantile(sorted, 0.99),
    [`${name} max ms`]: quantile(sorted, 1)
  }
}

const stamped = (): string => `@${sharedNow().toFixed(3)} `.padEnd(100, "x")

const isStamped = (text: string): boolean => text.startsWith("@")

const age = (text: string): number => sharedNow() - Number.parseFloat(text.slice(1))

/** For the handshake, and the search for the best path. */
const SETTLE_MS = 2_500
/** For what is repeated at the end. */
const LAST_MS = 2_000
/** Until the stream has found what the path carries. */
const FILL_MS = 3_000
const PACED = 1_000
const PACED_EVERY_MS = 10
const CONNECTIONS = 20
const LONE_EACH = 20
const LONE_EVERY_MS = 500
const BESIDE = 240
const BESIDE_EVERY_MS = 25
