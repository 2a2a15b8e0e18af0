import { Client, crowd, type Place } from "../Client.js"
import { type Load, wait } from "../Stage.js"

/** What a client sends as soon as it is registered. */
export type Presence =
  /** Everybody, as all clients did once and some still do. */
  | "everybody"
  /** Those whom it knows. */
  | "known"

/**
 * The server restarts, and all its clients come back as they are told to: after the time that it names and a random
 * part of its spread, and then as real clients do, with a second of patience where nobody listens yet.
 */
export const storm: Load = async ({ argument, call, figure, measured, port, size }) => {
  const presence = argument as Presence
  const names = Array.from({ length: size.clients }, (_, index) => `storm-${index}`)
  const clients = await crowd({ port }, size.clients, (index) => names[index]!)
  for (const [index, client] of clients.entries()) void client.request("Watch", watching(presence, names, index))
  await wait(SETTLE_MS)

  let spread = 0
  let start = 0
  let last = 0
  let refused = 0
  const returned: Array<Client> = []
  const back = async (place: Place, name: string, after: number): Promise<void> => {
    await wait(after)
    for (;;) {
      const client = await Client.open(place)
      const reply = await client?.register(name)
      if (client !== undefined && reply?.includes('"Registered"')) {
        await client.request("Watch", watching(presence, names, Number(name.slice(6))))
        last = performance.now()
        returned.push(client)
        return
      }
      refused++
      client?.socket.destroy()
      if (performance.now() - start > PATIENCE_MS) return
      await wait(1_000 + Math.random() * 500)
    }
  }
  const told = clients.map(
    (client, index) =>
      new Promise<void>((resolve) => {
        client.onEvent = (line) => {
          if (!line.includes('"Restarting"')) return
          const { inMs, spreadMs } = JSON.parse(line)
          spread = spreadMs
          if (start === 0) start = performance.now()
          void back(
            { port, from: `127.0.${1 + (index % 200)}.${1 + (Math.floor(index / 200) % 250)}` },
            names[index]!,
            inMs + Math.random() * spreadMs
          ).then(resolve)
        }
      })
  )
  await call("restart")
  await measured("storm", async () => {
    await Promise.all(told)
    return 1
  })
  const inAll = returned.length
  await wait(SETTLE_MS)
  const bytes = returned.reduce((sum, client) => sum + client.bytes, 0) / Math.max(1, inAll)
  figure("storm: came back", inAll)
  figure("storm: s until the last was in", (last - start) / 1_000)
  figure("storm: s of spread", (spread + 1_000) / 1_000)
  figure("storm: refused attempts", refused)
  figure("storm: bytes to each", bytes)
}

/** Those whom somebody knows. */
export const KNOWN = 20

/** The fields of a `Watch`. */
export const watching = (presence: Presence, names: ReadonlyArray<string>, index: number): string => {
  if (presence === "everybody") return ""
  const known = Array.from({ length: KNOWN }, (_, at) => names[(index * 7 + at * 131 + 1) % names.length])
  return `"nicks":${JSON.stringify(known)}`
}

/** Longer than a server gathers presence for. */
const SETTLE_MS = 2_500
const PATIENCE_MS = 40_000
