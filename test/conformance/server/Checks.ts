import type { Check } from "../Check.js"
import { framing } from "./Framing.js"
import { introducing } from "./Introducing.js"
import { registering } from "./Registering.js"
import type { Target } from "./Session.js"
import { udp } from "./Udp.js"

/** Leaves no connection behind. */
const alone = (check: Check<Target>): Check<Target> => ({
  ...check,
  run: async (target) => {
    try {
      await check.run(target)
    } finally {
      for (const session of target.open) session.drop()
      target.open.clear()
    }
  }
})

export const serverChecks: ReadonlyArray<Check<Target>> = [...framing, ...registering, ...introducing, ...udp].map(
  alone
)
