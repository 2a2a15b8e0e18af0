import { simTest } from "parley-chat/sim/vitest"
import * as Scenarios from "../../../scenarios/product/Outages.js"
import * as Seeds from "../../../scenarios/product/Seeds.js"

simTest("two ask for each other at once: one connection, and both may write", Seeds.some(12), Scenarios.crossingQueries)

simTest("clocks that are wrong stop nobody, and are named once", Seeds.some(40), Scenarios.wrongClocks)

simTest("people talk on while nobody reaches the server", Seeds.some(12), Scenarios.withoutServer)

simTest(
  "a server that restarts gets everybody back, and no conversation notices",
  Seeds.some(12),
  Scenarios.serverRestarts
)

simTest(
  "what is said to somebody whose machine dies is delivered after its return, once",
  Seeds.some(12),
  Scenarios.readerDies
)

simTest(
  "a lost key is refused aloud, and nothing is said to its successor before it is trusted",
  Seeds.some(12),
  Scenarios.lostKey
)

simTest("conversations survive new addresses, forgetful routers and short sleeps", Seeds.some(12), Scenarios.moving)

simTest(
  "whoever starts anew reaches somebody whose router has just forgotten everything",
  Seeds.some(12),
  Scenarios.startsBehindForgetfulRouter
)

simTest("a conversation follows whoever gets a new address", Seeds.some(12), Scenarios.roaming)

simTest("whoever leaves and asks again at once talks again", Seeds.some(12), Scenarios.leavesAndAsks)

simTest(
  "somebody dies who has read sixteen messages that nobody was told of: what is said then needs no asking back",
  Seeds.some(6),
  Scenarios.readerDiesUnconfirmed
)
