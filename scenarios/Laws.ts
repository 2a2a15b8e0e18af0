import * as Effect from "effect/Effect"
import type { Scenario } from "../src/sim/Run.js"
import { sweep } from "../src/sim/Seeds.js"
import type { Body } from "../src/sim/SimTest.js"
import * as Client from "./client/Callbacks.js"
import * as ClientScript from "./client/Script.js"
import * as Core from "./core/Callbacks.js"
import * as CoreScript from "./core/Script.js"
import { problem } from "./core/Verdict.js"
import { files as filesAlone } from "./machines/Files.js"
import { journal } from "./machines/Journal.js"
import { line } from "./machines/Line.js"
import { names } from "./machines/Names.js"
import { talk } from "./machines/Talk.js"
import { files } from "./product/Files.js"
import * as Hostile from "./product/Hostile.js"
import { remembers } from "./product/Memories.js"
import * as Nicknames from "./product/Nicknames.js"
import * as Nodes from "./product/Nodes.js"
import * as Outages from "./product/Outages.js"
import { maxTime } from "./product/Seeds.js"
import * as Swarm from "./product/Swarm.js"

/** A scenario that can be played under any seed. */
export interface Law {
  readonly name: string
  /** What went wrong, if anything did. */
  readonly play: (seed: number) => string | undefined | Promise<string | undefined>
}

const product = (name: string, body: Body): Law => {
  const scenario = Effect.gen(body) as Scenario<unknown, unknown>
  let runs = 0
  return {
    name,
    play: async (firstSeed) => {
      const twice = runs++ % TWICE === 0 ? 1 : 0
      return (await sweep({ firstSeed, seeds: 1, twice, maxTime }, scenario)).failure?.message
    }
  }
}

const alone = (name: string, play: Law["play"]): Law => ({
  name,
  play: (seed) => {
    try {
      return withoutStacks(() => play(seed))
    } catch {
      // Once more, to see where.
      try {
        return `${play(seed) ?? "nothing"}, and an error before: it does not follow from the seed`
      } catch (error) {
        return error instanceof Error ? error.stack : String(error)
      }
    }
  }
})

/** Refusals are errors, whose stacks nobody reads, and which would take a thirtieth of the time. */
const withoutStacks = <A>(run: () => A): A => {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    return run()
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

/** Every scenario that may be played under seeds without end. */
export const LAWS: ReadonlyArray<Law> = [
  alone("machines/line", line),
  alone("machines/talk", talk),
  alone("machines/journal", journal),
  alone("machines/names", names),
  alone("machines/files", filesAlone),
  alone("core", (seed) => {
    const script = CoreScript.write(seed)
    return problem(script, Core.play(script))
  }),
  alone("client", (seed) => {
    Client.play(ClientScript.write(seed))
    return undefined
  }),
  alone("town", (seed) => {
    Client.play(ClientScript.writeTown(seed))
    return undefined
  }),
  product("swarm/two people", Swarm.twoPeople),
  product("swarm/three people", Swarm.threePeople),
  product("swarm/restarting server", Swarm.restartingServer),
  product("swarm/wild", Swarm.wild),
  product("swarm/fickle", Swarm.fickle),
  product("outages/crossing queries", Outages.crossingQueries),
  product("outages/wrong clocks", Outages.wrongClocks),
  product("outages/without a server", Outages.withoutServer),
  product("outages/server restarts", Outages.serverRestarts),
  product("outages/reader dies", Outages.readerDies),
  product("outages/reader dies unconfirmed", Outages.readerDiesUnconfirmed),
  product("outages/leaves and asks", Outages.leavesAndAsks),
  product("outages/lost key", Outages.lostKey),
  product("outages/moving", Outages.moving),
  product("outages/roaming", Outages.roaming),
  product("outages/forgetful router", Outages.startsBehindForgetfulRouter),
  product("nicknames/race", Nicknames.race),
  product("nicknames/hand to hand", Nicknames.handToHand),
  product("nicknames/cut off", Nicknames.cutOff),
  product("nicknames/lease ends", Nicknames.leaseEnds),
  product("files", files),
  product("memories", remembers),
  product("hostile/bad network", Hostile.badNetwork),
  product("hostile/stranger", Hostile.stranger),
  product("nodes/cut link", Nodes.cutLink),
  product("nodes/bad links", Nodes.badLinks),
  product("nodes/fails over", Nodes.failsOver)
]

/** One run in so many is repeated to compare traces. */
const TWICE = 50
