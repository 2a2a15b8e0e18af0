import { describe, it } from "vitest"
import { CLIENT_PLANTS } from "./Plants.js"
import { expectFound, firstHalf, MINUTES, plants } from "./Trial.js"

describe("the conformance suite", { timeout: MINUTES }, () => {
  it.each(plants(firstHalf(CLIENT_PLANTS)))("finds it when in a client $what", (plant) => expectFound("client", plant))
})
