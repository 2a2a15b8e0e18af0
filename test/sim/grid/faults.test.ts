import { simTest } from "parley-chat/sim/vitest"
import * as Faults from "../../../scenarios/grid/Faults.js"
import * as Network from "../../../scenarios/grid/Network.js"
import * as Seeds from "../../../scenarios/product/Seeds.js"

const seeds = (count: number, loss = 0) => ({ ...Seeds.some(count), link: Network.link(loss) })

simTest("nothing is lost when one direction loses every third packet", seeds(10), Faults.oneWayLoss)

simTest(
  "a server that restarts while two are probing is no hindrance",
  seeds(20, 0.02),
  Faults.serverRestartsWhileProbing
)

simTest("crossing queries behind routers make one connection", seeds(20), Faults.crossingQueries)

simTest("a silent conversation survives routers that forget after 30 s", seeds(5), Faults.forgetfulRouters)

simTest("clocks that are wrong and run apart change nothing", seeds(5), Faults.skewedClocks)

simTest("a long message survives a move in its middle", seeds(15), Faults.roamingInMidMessage)
