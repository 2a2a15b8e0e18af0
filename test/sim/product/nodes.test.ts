import { simTest } from "parley-chat/sim/vitest"
import * as Scenarios from "../../../scenarios/product/Nodes.js"
import * as Seeds from "../../../scenarios/product/Seeds.js"

simTest("two nodes that lost each other find each other as soon as they can", Seeds.some(12), Scenarios.cutLink)

simTest("bad links between nodes, and nodes that die, cost nobody a message", Seeds.some(24), Scenarios.badLinks)

simTest("an engine that is away, or lost its last steps, costs nobody a nickname", Seeds.some(16), Scenarios.failsOver)
