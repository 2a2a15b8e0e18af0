import { ascending, quantile } from "../../support/Figures.js"
import { Client, type Place, registered } from "../Client.js"
import { honestAddress } from "../Namespace.js"
import { proxyHeader } from "../ProxyHeader.js"
import { type Load, wait } from "../Stage.js"

/**
 * Honest people while others attack: those who are there and ask for one another, newcomers, and two who talk over the
 * relay. The bench says which part of the time it is, and gets the figures of each.
 */
export const honest: Load = async ({ argument, call, figure, port }) => {
  const { proxied, tls } = argument as { readonly tls: boolean; readonly proxied: boolean }
  const place = (index: number): Place => ({
    port,
    host: "10.0.0.1",
    from: honestAddress(256 + index),
    ...(proxied ? { first: proxyHeader(honestAddress(256 + index)) } : {}),
    ...(tls ? { tls: {} } : {})
  })
  const people = await Promise.all(
    Array.from({ length: PEOPLE }, async (_, index) => (await registered(place(index), `honest-${index}`))!)
  )
  const [alice, bob] = [await registered(place(900), "alice"), await registered(place(901), "bob")]
  const { channel } = JSON.parse((await alice!.request("Query", '"nick":"bob"'))!)
  const seen: Seen = { asked: [], arrived: [], talked: [], lost: 0, away: 0, asking: new Set(), arriving: new Set() }
  const state = { over: false }
  for (const client of [...people, alice!, bob!]) client.onClose = () => seen.away++
  const loops = [
    ...people.map((client, index) => ask(client, index, seen, state)),
    arrive(place, seen, state),
    talk(alice!, bob!, channel, seen, state)
  ]
  await wait(SETTLE_MS)
  for (const part of ["calm", "prepared", "attacked", "recovered"]) {
    reset(seen)
    await call(part)
    // Who still waits has waited for this long already.
    const waited = (since: ReadonlySet<number>) => [...since].map((start) => performance.now() - start)
    const asked = ascending([...seen.asked, ...waited(seen.asking)])
    const arrived = ascending([...seen.arrived, ...waited(seen.arriving)])
    figure(`${part}: p50 ms`, quantile(asked, 0.5))
    figure(`${part}: p99 ms`, quantile(asked, 0.99))
    figure(`${part}: newcomers, p50 ms`, quantile(arrived, 0.5))
    figure(`${part}: newcomers, worst ms`, arrived.at(-1) ?? Number.NaN)
    figure(`${part}: newcomers kept out`, seen.lost)
    figure(`${part}: relayed, p50 ms`, quantile(ascending(seen.talked), 0.5))
    figure(`${part}: thrown off`, seen.away)
  }
  state.over = true
  await Promise.race([Promise.all(loops), wait(TICK_MS)])
}

const PEOPLE = 50
/** More than a second, which is what a session may ask for at length. */
const ASK_MS = 1_050
const TICK_MS = 500
/** Whom a newcomer would like to see. */
const KNOWN = Array.from({ length: 20 }, (_, index) => `"honest-${index}"`).join(",")
/** ms that a newcomer has patience for; what he waited is counted as this much then. */
const PATIENCE_MS = 10_000
/** Until everybody's first question is past. */
const SETTLE_MS = 1_500

interface Seen {
  /** ms of each question, newcomer and message. */
  asked: Array<number>
  arrived: Array<number>
  talked: Array<number>
  /** Newcomers who were refused, could not watch whom they know or lost patience, and people who were cut off. */
  lost: number
  away: number
  /** When those began who have no answer yet. */
  readonly asking: Set<number>
  readonly arriving: Set<number>
}

interface State {
  over: boolean
}

const reset = (seen: Seen): void => {
  seen.asked = []
  seen.arrived = []
  seen.talked = []
  seen.lost = seen.away = 0
}

const ask = async (client: Client, index: number, seen: Seen, state: State): Promise<void> => {
  await wait((index / PEOPLE) * ASK_MS)
  while (!state.over && !client.closed) {
    const start = performance.now()
    seen.asking.add(start)
    // Never oneself.
    const other = (index + 1 + (Math.floor(start / ASK_MS) % (PEOPLE - 1))) % PEOPLE
    await client.request("Query", `"nick":"honest-${other}"`)
    const took = performance.now() - start
    seen.asking.delete(start)
    seen.asked.push(took)
    await wait(ASK_MS - took)
  }
}

const arrive = async (place: (index: number) => Place, seen: Seen, state: State): Promise<void> => {
  for (let index = 0; !state.over; index++) {
    const attempt = async () => {
      const start = performance.now()
      seen.arriving.add(start)
      const client = await Client.open(place(10_000 + index))
      const reply = await client?.register(`newcomer-${index}`)
      const took = performance.now() - start
      seen.arriving.delete(start)
      const watching = await client?.request("Watch", `"nicks":[${KNOWN}]`)
      if (reply?.includes('"Registered"') && watching?.includes('"Watching"')) seen.arrived.push(took)
      else seen.lost++
      await client?.request("Exit")
      client?.socket.destroy()
      return true
    }
    void Promise.race([attempt(), wait(PATIENCE_MS)]).then((done) => {
      if (done !== true) seen.lost++
    })
    await wait(TICK_MS)
  }
}

const talk = async (alice: Client, bob: Client, channel: string, seen: Seen, state: State): Promise<void> => {
  const sent = new Map<string, number>()
  bob.onEvent = (line) => {
    const start = sent.get(/"packet":"(\d+)"/.exec(line)?.[1] ?? "")
    if (start !== undefined) seen.talked.push(performance.now() - start)
  }
  for (let message = 1_000; !state.over; message++) {
    sent.set(String(message), performance.now())
    // Whoever only listens is taken for gone.
    void bob.request("Ping")
    alice.tell(`{"_tag":"Relay","channel":"${channel}","packet":"${message}"}\n`)
    await wait(TICK_MS)
  }
}
