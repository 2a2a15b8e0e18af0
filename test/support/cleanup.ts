import { setImmediate } from "node:timers/promises"
import { afterEach } from "vitest"
import { cleanUp } from "../e2e/Program.js"
import { Tmux } from "../e2e/Tmux.js"

// Here, and not where programs are started: files share the modules that they import, so a hook in one of those would
// be that of the first file alone, and what the others started would run on.
afterEach(async ({ task }) => {
  await cleanUp(task.result?.state === "fail")
  await Tmux.closeAll()
  // One turn of the event loop: tests without one between them (properties, simulations) would let the runner's
  // messages lie for all of them together, and what is unanswered for 60 s it takes for an error.
  await setImmediate()
})
