import { type Client, crowd } from "../Client.js"
import type { Load } from "../Stage.js"

/**
 * Sessions that ask for one another within the burst that every server gives: pairs that are new, the same pairs again,
 * and new ones with all questions of a session in one write.
 */
export const queries: Load = async ({ measured, port, size }) => {
  const clients = await crowd({ port }, size.clients, (index) => `asker-${index}`)
  const asked = (index: number, question: number): string => {
    const other = (index + 1 + question) % clients.length
    return `"nick":"asker-${other}"`
  }
  const each = async (from: number, to: number, work: (client: Client, index: number) => Promise<number>) => {
    let next = from
    let done = 0
    const lane = async () => {
      while (next < to) {
        const index = next++
        const count = await work(clients[index]!, index)
        // Others have counted meanwhile.
        done += count
      }
    }
    await Promise.all(Array.from({ length: LANES }, lane))
    return done
  }
  const oneByOne = async (client: Client, index: number): Promise<number> => {
    for (let question = 0; question < QUESTIONS; question++)
      check(await client.request("Query", asked(index, question)))
    return QUESTIONS
  }
  const atOnce = async (client: Client, index: number): Promise<number> => {
    const lines = Array.from({ length: 2 * QUESTIONS }, (_, question) => ["Query", asked(index, question)] as const)
    for (const reply of await client.requests(lines)) check(reply)
    return 2 * QUESTIONS
  }

  const warm = Math.floor(clients.length / 5)
  const half = Math.floor((clients.length + warm) / 2)
  await each(0, warm, oneByOne)
  await measured("query, new pairs", () => each(warm, half, oneByOne))
  await measured("query, known pairs", () => each(warm, half, oneByOne))
  await measured("query, pipelined", () => each(half, clients.length, atOnce))
}

/** Sessions that ask at a time. */
const LANES = 24
/** Twice this is the burst of a session. */
const QUESTIONS = 5

const check = (reply: string | undefined): void => {
  if (!reply?.includes('"Peer"')) throw new Error(`not introduced: ${reply}`)
}
