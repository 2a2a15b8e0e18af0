import * as Bulk from "./Bulk.js"
import type { Figures } from "./Figures.js"
import * as Floors from "./Floors.js"
import * as Messages from "./Messages.js"
import { Pipe } from "./Pipe.js"

/** One of the two processes of a part: `Side.mjs PART a|b`. */
const PARTS: Record<string, { readonly a: Role; readonly b: Role }> = {
  "floor-ping": { a: Floors.pingA, b: Floors.pingB },
  "floor-100": { a: Floors.floodA(100), b: Floors.floodB(100) },
  "floor-1200": { a: Floors.floodA(1_171), b: Floors.floodB(1_171) },
  open: { a: Messages.openA, b: Messages.openB },
  rtt: { a: Messages.rttA, b: Messages.rttB },
  stream: { a: Bulk.bulkA, b: Bulk.bulkB },
  messages: { a: Messages.rateA, b: Messages.rateB }
}

type Role = (pipe: Pipe) => Promise<Figures>

const [part, side] = process.argv.slice(2)
const pipe = new Pipe()
pipe.report(await PARTS[part!]![side as "a" | "b"](pipe))
process.disconnect()
