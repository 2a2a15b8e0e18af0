import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { crypto } from "../../../scenarios/support/Primitives.js"
import { type RunOptions, run } from "../../../src/sim/Run.js"
import type { Services } from "../../../src/sim/Services.js"
import * as Sim from "../../../src/sim/Sim.js"
import type { HostOptions } from "../../../src/sim/World.js"
import type { Subject } from "../../layers/conformance/Suite.js"

/** Runs a conformance suite on a simulated machine. */
export const simulated = (host: HostOptions = {}, options: Partial<RunOptions> = {}): Subject<Services> => ({
  run: async (test) => {
    const scenario = test.pipe(Effect.provide(Sim.layer("subject", host)))
    const { exit } = await run({ seed: 1, crypto, ...options }, scenario)
    if (Exit.isFailure(exit)) throw Cause.squash(exit.cause)
  }
})
