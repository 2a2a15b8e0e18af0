import { simTest } from "parley/sim/vitest"
import * as Seeds from "./Seeds.js"
import * as Scenarios from "./Swarm.js"

simTest("two people on a bad network", Seeds.some(40), Scenarios.twoPeople)

simTest("three people on bad machines, one of them behind a router", Seeds.some(30), Scenarios.threePeople)

simTest("a server that comes and goes", Seeds.some(30), Scenarios.restartingServer)
