import { Backoff } from "../../../src/core/client/Backoff.js"
import { Client, crowd, type Place } from "../Client.js"
import { type Load, wait } from "../Stage.js"
import { person, proving } from "./Person.js"

/** What a client sends as soon as it is registered. */
export type Presence =
  /** Everybody, as all clients did once and some still do. */
  | "everybody"
  /** Those whom it knows. */
  | "known"

/** How the server goes, and how its clients come back. */
export interface StormOptions {
  readonly presence: Presence
  /** Without a word, as by `kill -9`: clients come back when their own patience tells them to. */
  readonly killed?: boolean
  /** Each proves an identity. */
  readonly proven?: boolean
}

/**
 * The server restarts, and all its clients come back as they are told to: after the time that it names and a random
 * part of its spread, and then as real clients do, with the same patience where nobody listens yet.
 */
export const storm: Load = async ({ argument, call, figure, measured, port, size }) => {
  const { killed = false, presence, proven = false } = argument as StormOptions
  const names = Array.from({ length: size.clients }, (_, index) => `storm-${index}`)
  const people = proven ? names.map((name) => person(name)) : []
  const clients = await crowd({ port }, size.clients, (index) => names[index]!)
  for (const [index, client] of clients.entries()) void client.request("Watch", watching(presence, names, index))
  await wait(SETTLE_MS)

  const seen = { start: 0, began: 0, last: 0, spread: 0, refused: 0 }
  const returned: Array<Client> = []
  const attempt = async (place: Place, index: number): Promise<boolean> => {
    const began = performance.now()
    const client = await Client.open(place)
    const own = client && people[index]
    const reply = await client?.register(names[index]!, own && client && proving(own, client.welcome))
    if (client === undefined || !reply?.includes('"Registered"')) {
      client?.socket.destroy()
      return false
    }
    await client.request("Watch", watching(presence, names, index))
    seen.began = Math.max(seen.began, began)
    seen.last = performance.now()
    returned.push(client)
    return true
  }
  const back = async (index: number, after: number): Promise<void> => {
    const place = { port, from: `127.0.${1 + (index % 200)}.${1 + (Math.floor(index / 200) % 250)}` }
    const backoff = new Backoff()
    for (let ms = after; performance.now() - seen.start < PATIENCE_MS; ms = backoff.next(Math.random())) {
      await wait(ms)
      if (await attempt(place, index)) return
      seen.refused++
    }
  }
  const told = clients.map(
    (client, index) =>
      new Promise<void>((resolve) => {
        const leave = (inMs: number, spreadMs: number) => {
          client.onEvent = client.onClose = () => {}
          seen.spread = inMs + spreadMs
          if (seen.start === 0) seen.start = performance.now()
          void back(index, inMs + Math.random() * spreadMs).then(resolve)
        }
        client.onEvent = (line) => {
          if (!line.includes('"Restarting"')) return
          const { inMs, spreadMs } = JSON.parse(line)
          leave(inMs, spreadMs)
        }
        client.onClose = () => leave(0, new Backoff().next(1))
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
  figure("storm: s until the last was in", (seen.last - seen.start) / 1_000)
  // Whom nobody told to wait has waited long enough when the last one tries for the last time.
  figure("storm: s of spread", (killed ? seen.began - seen.start : seen.spread) / 1_000)
  figure("storm: refused attempts", seen.refused)
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
