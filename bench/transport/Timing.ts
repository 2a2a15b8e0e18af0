import type { Host } from "./Host.js"

/** What `count` and the processor did in `ms`. */
export const measure = async (host: Pick<Host, "packets">, ms: number, count: () => number) => {
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
    cpuPerPacket: (cpu.user + cpu.system) / packets
  }
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** ms on a clock that all processes of the machine share, in every network namespace. */
export const sharedNow = (): number => Number(process.hrtime.bigint()) / 1e6

/** Calls `act` with 0, 1, .. at their time, `everyMs` after one another; a late one does not delay those after it. */
export const atIntervals = async (count: number, everyMs: number, act: (index: number) => void): Promise<void> => {
  const start = performance.now()
  for (let i = 0; i < count; i++) {
    const left = start + i * everyMs - performance.now()
    if (left > 0) await sleep(left)
    act(i)
  }
}

export const deferred = () => {
  let resolve = () => {}
  const promise = new Promise<void>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

/** MB that this process had in memory at most. */
export const largestResident = (): number => process.resourceUsage().maxRSS / 1e3
