import { PARTS } from "./Parts.js"
import { Pipe } from "./Pipe.js"

/** One of the two processes of a part: `Side.mjs PART a|b ADDRESS`. */
const [name, side, address] = process.argv.slice(2)
const pipe = new Pipe(address!)
// A side whose parent is gone has nobody to tell.
process.on("disconnect", () => process.exit())
pipe.report(await PARTS.find((part) => part.name === name)![side as "a" | "b"](pipe))
process.removeAllListeners("disconnect")
process.disconnect()
