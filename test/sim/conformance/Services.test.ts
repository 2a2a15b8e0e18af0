import * as Effect from "effect/Effect"
import { HOME } from "../../../src/layers/memory/FileTree.js"
import { Files as FilesService } from "../../../src/services/Files.js"
import * as Connection from "../../layers/conformance/Connection.js"
import * as Datagrams from "../../layers/conformance/Datagrams.js"
import * as Dialer from "../../layers/conformance/Dialer.js"
import * as Files from "../../layers/conformance/Files.js"
import * as Listener from "../../layers/conformance/Listener.js"
import { secured } from "../../layers/conformance/Secured.js"
import * as Store from "../../layers/conformance/Store.js"
import * as Tls from "../../layers/conformance/Tls.js"
import { full } from "../../support/Effort.js"
import { simulated } from "../support/Subject.js"

const orders = full ? (["fifo", "random"] as const) : (["random"] as const)

for (const order of orders) {
  const name = `a simulated machine (${order} order)`
  const subject = simulated({}, { order })
  Datagrams.suite(name, subject)
  Listener.suite(name, subject)
  Dialer.suite(name, subject)
  Connection.suite(name, subject)
  Connection.suite(`${name} with TLS`, secured(subject))
  Tls.suite(name, subject)
}

// Its tests start operations in many fibers at once and expect Effect's own order of them.
Store.suite("a simulated machine", simulated())

Files.suite("a simulated machine", simulated(), Effect.succeed(HOME), FilesService)
