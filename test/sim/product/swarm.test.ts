import { simTest } from "parley-chat/sim/vitest"
import * as Seeds from "../../../scenarios/product/Seeds.js"
import * as Scenarios from "../../../scenarios/product/Swarm.js"

simTest("two people on a bad network", Seeds.some(30), Scenarios.twoPeople)

simTest("two people who change their minds", Seeds.some(10), Scenarios.fickle)

simTest("three people on bad machines, one of them behind a router", Seeds.some(20), Scenarios.threePeople)

simTest("a server that comes and goes", Seeds.some(20), Scenarios.restartingServer)

simTest("three people anywhere, with whatever can befall links, routers and machines", Seeds.some(20), Scenarios.wild)
