import { ascending, quantile } from "../../support/Figures.js"
import { type Client, crowd } from "../Client.js"
import { type Load, repeat } from "../Stage.js"

/**
 * Nicknames claimed through one of two nodes, new ones by those who are here; then introductions, one at a time, to
 * somebody of the same node and to somebody of the other in turn. `argument`: the port of the other.
 */
export const nodes: Load = async ({ argument, figure, measured, port, size }) => {
  const claiming = await crowd({ port }, LANES, (index) => `claiming-${index}`)
  let claimed = 0
  const claim = async (lane: number): Promise<void> => {
    const reply = await claiming[lane]!.register(`claimed-${++claimed}`)
    if (!reply?.includes('"_tag":"Registered"')) throw new Error(`not claimed: ${reply}`)
  }
  await repeat(size.times, LANES, claim)
  await measured("claim through one of two nodes", () => repeat(2 * size.times, LANES, claim))

  const [asker, near] = await crowd({ port }, 2, (index) => `near-${index}`)
  await crowd({ port: Number(argument) }, 1, () => "far")
  const known = { near: [] as Array<number>, far: [] as Array<number> }
  for (let i = 0; i < size.times; i++)
    for (const [where, nick] of [
      ["near", "near-1"],
      ["far", "far"]
    ] as const) {
      const start = performance.now()
      await asks(asker!, nick)
      // The first ones find a program that is new, and a link that is not there yet.
      if (i >= size.times / 4) known[where].push(performance.now() - start)
    }
  for (const [where, times] of Object.entries(known)) {
    figure(`query, ${where}: median ms`, quantile(ascending(times), 0.5))
    figure(`query, ${where}: p99 ms`, quantile(ascending(times), 0.99))
  }
  near!.socket.destroy()
}

const asks = async (asker: Client, nick: string): Promise<void> => {
  // Whoever came a moment ago may not be in the other node's copy yet.
  for (let attempt = 0; attempt < 100; attempt++)
    if ((await asker.request("Query", `"nick":"${nick}"`))?.includes('"_tag":"Peer"')) return
  throw new Error(`${nick} is not introduced`)
}

/** Claims under way: enough that neither the node nor Redis waits for the other. */
const LANES = 64
