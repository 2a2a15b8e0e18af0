import { Bottleneck, type LinkOptions } from "../../scenarios/links/Bottleneck.js"
import { Bbr } from "../../src/core/peer/recovery/Bbr.js"
import type { CongestionController } from "../../src/core/peer/recovery/CongestionController.js"
import { NewReno } from "../../src/core/peer/recovery/NewReno.js"
import { jain } from "../support/Figures.js"

/**
 * Which congestion controller for which path: pairs of peers over one simulated link (`npm run bench -- controllers`).
 * Rates are of what the receiving application read, as a part of what the link carries.
 */
const MBIT = 125

const LINKS: ReadonlyArray<readonly [string, LinkOptions]> = [
  ["100 Mbit/s, 40 ms, queue 1 BDP", { rate: 100 * MBIT, delay: 20, queue: 500_000, loss: 0 }],
  ["  0.1 % loss", { rate: 100 * MBIT, delay: 20, queue: 500_000, loss: 0.001 }],
  ["  1 % loss", { rate: 100 * MBIT, delay: 20, queue: 500_000, loss: 0.01 }],
  ["  5 % loss", { rate: 100 * MBIT, delay: 20, queue: 500_000, loss: 0.05 }],
  ["  queue 0.1 BDP", { rate: 100 * MBIT, delay: 20, queue: 50_000, loss: 0 }],
  ["  queue 4 BDP", { rate: 100 * MBIT, delay: 20, queue: 2_000_000, loss: 0 }],
  ["4 Mbit/s, 100 ms, queue 1 BDP", { rate: 4 * MBIT, delay: 50, queue: 50_000, loss: 0 }],
  ["200 Mbit/s, 50 ms, 1 % loss", { rate: 200 * MBIT, delay: 25, queue: 1_250_000, loss: 0.01 }],
  ["200 Mbit/s, 50 ms, 5 % loss", { rate: 200 * MBIT, delay: 25, queue: 1_250_000, loss: 0.05 }]
]

const CONTROLLERS: Record<string, (seed: number) => CongestionController> = {
  bbr: (seed) => new Bbr((seed * 97) % 256),
  reno: () => new NewReno()
}

/** What each flow got of the link after `skip` ms, in parts, and the part of packets that its queue dropped. */
export const share = (link: LinkOptions, flows: ReadonlyArray<keyof typeof CONTROLLERS>, ms: number, skip: number) => {
  const net = new Bottleneck(7, link)
  const pairs = flows.map((name, index) => net.pair(() => CONTROLLERS[name]!(index)))
  net.run(skip)
  const before = pairs.map((pair) => pair.received)
  net.run(ms)
  return { parts: pairs.map((pair, i) => (pair.received - before[i]!) / (ms * link.rate)), dropped: net.dropped }
}

const percent = (part: number): string => `${(100 * part).toFixed(0)} %`.padStart(6)

export const main = (only = ""): void => {
  for (const [name, link] of LINKS) {
    if (!name.includes(only)) continue
    const alone = Object.keys(CONTROLLERS).map((controller) => {
      const { dropped, parts } = share(link, [controller], 8_000, 3_000)
      return `${controller} ${percent(parts[0]!)} (${String(dropped).padStart(5)} dropped)`
    })
    const two = share(link, ["bbr", "bbr"], 15_000, 5_000)
    const mixed = share(link, ["bbr", "reno"], 15_000, 5_000)
    console.log(
      `${name.padEnd(32)} ${alone.join("  ")}   two bbr: Jain ${jain(two.parts).toFixed(2)} of ${percent(two.parts[0]! + two.parts[1]!)}   bbr ${percent(mixed.parts[0]!)} beside reno ${percent(mixed.parts[1]!)}`
    )
  }
}
