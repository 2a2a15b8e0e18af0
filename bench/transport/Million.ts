import type { Figures } from "../support/Figures.js"
import { accept, ask, confirm } from "./Meeting.js"
import type { Pipe } from "./Pipe.js"
import { deferred } from "./Timing.js"

/** A million numbered messages over a link that loses packets: each is shown once, and in order. */

export const millionA = async (pipe: Pipe): Promise<Figures> => {
  const done = deferred()
  let sent = 0
  let delivered = 0
  const fill = () => {
    host.drive((peers, now) => {
      while (sent < MESSAGES && typeof peers.send(other.identity, numbered(sent), now) === "string") sent++
    })
  }
  const { host, invite, other } = await ask(pipe, (event) => {
    if (event._tag !== "Delivered") return
    if (++delivered === MESSAGES) done.resolve()
    else if (delivered % REFILL === 0) fill()
  })
  const started = performance.now()
  invite()
  fill()
  await done.promise
  const seconds = (performance.now() - started) / 1_000
  pipe.send("done")
  await host.close()
  return { "million: messages/s": MESSAGES / seconds, "million: confirmed": delivered }
}

export const millionB = async (pipe: Pipe): Promise<Figures> => {
  const seen = new Uint8Array(MESSAGES)
  let doubled = 0
  let disordered = 0
  let next = 0
  const host = await accept(pipe, (host, peer, id, text) => {
    const number = Number.parseInt(text, 10)
    if (seen[number]!++ > 0) doubled++
    else if (number !== next) disordered++
    next = number + 1
    confirm(host, peer, id)
  })
  await pipe.receive()
  await host.close()
  const lost = seen.reduce((total, times) => (times === 0 ? total + 1 : total), 0)
  return { "million: lost": lost, "million: doubled": doubled, "million: out of order": disordered }
}

const numbered = (number: number): string => `${number} `.padEnd(100, "x")
const MESSAGES = 1_000_000
const REFILL = 256
