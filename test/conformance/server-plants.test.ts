import { describe, it } from "vitest"
import { full } from "../support/Effort.js"
import { LAN_PLANTS, SERVER_PLANTS } from "./Plants.js"
import { expectFound, hasNamespaces, MINUTES, plants } from "./Trial.js"

describe("the conformance suite", { timeout: MINUTES }, () => {
  it.each(plants(SERVER_PLANTS))("finds it when in a server $what", (plant) => expectFound("server", plant))

  it.runIf(full && hasNamespaces).each(LAN_PLANTS)("finds it when on the local network $what", (plant) =>
    expectFound("lan", plant)
  )
})
