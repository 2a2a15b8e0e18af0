import * as Either from "effect/Either"
import * as Subcommand from "./Subcommand.js"

export const demo = Subcommand.make({
  name: "demo",
  help: "Try it on this machine alone: a server, a bot that repeats what you say, and you",
  options: {},
  arguments: {},
  settings: Either.right
})
