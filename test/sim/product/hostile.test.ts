import { simTest } from "parley-chat/sim/vitest"
import * as Scenarios from "../../../scenarios/product/Hostile.js"
import * as Seeds from "../../../scenarios/product/Seeds.js"

simTest("a network that flips, cuts, repeats and replays changes nothing", Seeds.some(12), Scenarios.badNetwork)

simTest("junk, mutants and replays from a stranger on every port change nothing", Seeds.some(12), Scenarios.stranger)
