import { simTest } from "parley-chat/sim/vitest"
import * as Scenarios from "../../../scenarios/product/Nicknames.js"
import * as Seeds from "../../../scenarios/product/Seeds.js"

simTest("many want one nickname: one has it, the others are offered another", Seeds.some(12), Scenarios.race)

simTest("a nickname goes from hand to hand, and is nobody's in between", Seeds.some(12), Scenarios.handToHand)

simTest(
  "who was cut off gets the nickname back at once, and nobody else before the time",
  Seeds.some(12),
  Scenarios.cutOff
)

simTest("a lease ends, whatever the clocks do", Seeds.some(12), Scenarios.leaseEnds)
