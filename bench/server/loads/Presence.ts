import { crowd, registered } from "../Client.js"
import { type Load, wait } from "../Stage.js"
import { type Presence, watching } from "./Storm.js"

/** A full server while people come and go. */
export const presence: Load = async ({ argument, figure, measured, port, size }) => {
  const names = Array.from({ length: size.clients }, (_, index) => `here-${index}`)
  const clients = await crowd({ port }, size.clients - VISITORS, (index) => names[index]!)
  for (const [index, client] of clients.entries()) {
    await client.request("Watch", watching(argument as Presence, names, index))
  }
  await wait(2_500)
  const before = clients.reduce((sum, client) => sum + client.bytes, 0)
  let next = 0
  const visit = async (): Promise<void> => {
    // One of those whom others know.
    const name = names[clients.length + (next++ % VISITORS)]!
    const visitor = await registered({ port, from: `127.0.${1 + (next % 100)}.7` }, name)
    await wait(STAY_MS)
    await visitor?.request("Exit")
    visitor?.socket.destroy()
  }
  await measured("presence, second of it", async () => {
    const start = performance.now()
    const all: Array<Promise<void>> = []
    for (let at = 0; at < VISITS; at++) {
      all.push(visit())
      await wait(start + ((at + 1) * 1_000) / PER_SECOND - performance.now())
    }
    await Promise.all(all)
    return (performance.now() - start) / 1_000
  })
  const bytes = clients.reduce((sum, client) => sum + client.bytes, 0) - before
  figure("presence: bytes to each, for one who came and went", bytes / clients.length / VISITS)
}

/** Coming, and as many leaving. */
const PER_SECOND = 50
const VISITS = 400
const VISITORS = 200
/** Shorter than it takes until the same name comes again. */
const STAY_MS = 2_000
