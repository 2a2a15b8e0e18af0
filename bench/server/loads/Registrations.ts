import { Client } from "../Client.js"
import { type Load, repeat, wait } from "../Stage.js"
import { person, proving } from "./Person.js"

/** Connects, is greeted, registers and goes, again and again; with a proof of identity when `argument` says so. */
export const registrations: Load = async ({ argument, measured, port, size }) => {
  const people = argument === "identity" ? Array.from({ length: LANES }, (_, lane) => person(nickOf(lane))) : undefined
  let newcomers = 0
  const once = async (lane: number): Promise<void> => {
    const client = await Client.open({ port })
    const person = people?.[lane]
    const proof = person === undefined ? "" : proving(person, client!.welcome)
    const reply = await client!.register(person === undefined ? `newcomer-${++newcomers}` : nickOf(lane), proof)
    if (!reply?.includes('"Registered"')) throw new Error(`not registered: ${reply}`)
    await client!.end()
  }
  await repeat(size.times, LANES, once)
  // What was begun in the time before is no part of what is measured.
  await wait(50)
  await measured(`registration${people === undefined ? "" : ", proven"}`, () => repeat(size.times, LANES, once))
}

/** Enough that the server always has something to do, and no more than a turn of its event loop takes. */
const LANES = 24

const nickOf = (lane: number): string => `person-${lane}`
