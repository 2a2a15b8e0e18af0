import { expect, it } from "vitest"
import { ofRefusal } from "../../../src/core/client/ErrorTexts.js"
import * as Control from "../../../src/protocol/Control.js"

it("adds a hint to a refusal only where that does not say it already, and where it belongs", () => {
  const limited = (message: string) => ofRefusal(new Control.RateLimited({ message, retryAfterMs: 1_200 })).message
  expect(limited("too many queries")).toBe("too many queries (try again in 2 s)")
  expect(limited("too many requests of this kind; try again in 2 s")).toBe(
    "too many requests of this kind; try again in 2 s"
  )
  // What else is not authorized has nothing to do with a token.
  for (const message of ["this server needs its access token", "this is not a peer record of version 1"])
    expect(ofRefusal(new Control.Unauthorized({ message })).message).toBe(message)
  const taken = (suggestions: ReadonlyArray<string>) =>
    ofRefusal(new Control.NickTaken({ message: "ann is taken", suggestions })).message
  expect(taken([])).toBe("ann is taken")
  expect(taken(["ann2", "ann3"])).toBe("ann is taken (free: ann2, ann3)")
})
