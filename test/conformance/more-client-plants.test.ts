import { describe, it } from "vitest"
import { CLIENT_PLANTS } from "./Plants.js"
import { expectFound, MINUTES, plants, secondHalf } from "./Trial.js"

describe("the conformance suite", { timeout: MINUTES }, () => {
  it.each(plants(secondHalf(CLIENT_PLANTS)))("finds it when in a client $what", (plant) => expectFound("client", plant))
})
