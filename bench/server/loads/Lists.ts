import { ascending, quantile } from "../../support/Figures.js"
import { type Client, crowd } from "../Client.js"
import type { Load } from "../Stage.js"

/** The whole list, page after page, by one after the other, while some others ping. */
export const lists: Load = async ({ figure, measured, port, size }) => {
  await crowd({ port }, size.clients, (index) => `listed-${index}`)
  const readers = await crowd({ port }, READERS, (index) => `reader-${index}`)
  const others = await crowd({ port }, OTHERS, (index) => `other-${index}`)
  let pages = 0
  let bytes = 0
  const all = async (reader: Client): Promise<void> => {
    const before = reader.bytes
    let after: string | undefined
    do {
      const reply = await reader.request("List", `"limit":1000${after === undefined ? "" : `,"after":"${after}"`}`)
      pages++
      after = /"next":"([^"]*)"/.exec(reply!)?.[1]
    } while (after !== undefined)
    bytes += reader.bytes - before
  }
  for (const reader of readers.slice(0, WARM)) await all(reader)

  let busy = true
  const pings: Array<number> = []
  const pinging = async (other: Client) => {
    while (busy) {
      const start = performance.now()
      await other.request("Ping")
      pings.push(performance.now() - start)
      await new Promise((resolve) => setTimeout(resolve, PING_MS))
    }
  }
  const pinged = Promise.all(others.map(pinging))
  pages = bytes = 0
  await measured("whole list", async () => {
    for (const reader of readers.slice(WARM)) await all(reader)
    return READERS - WARM
  })
  busy = false
  await pinged
  figure("whole list: pages", pages / (READERS - WARM))
  figure("whole list: kB", bytes / (READERS - WARM) / 1_000)
  figure("whole list: p99 of others ms", quantile(ascending(pings), 0.99))
}

const READERS = 20
const WARM = 5
/** So that there are enough pings to tell a slowest hundredth from the one that the machine held up. */
const OTHERS = 8
/** Often enough to meet every reading, and within what a session may send. */
const PING_MS = 7
