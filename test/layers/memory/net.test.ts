import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Host from "../../../src/layers/memory/Host.js"
import * as Network from "../../../src/layers/memory/Network.js"
import * as Connection from "../conformance/Connection.js"
import * as Datagrams from "../conformance/Datagrams.js"
import * as Dialer from "../conformance/Dialer.js"
import * as Listener from "../conformance/Listener.js"
import { live } from "../conformance/Suite.js"

const host = live(
  Layer.unwrapEffect(Effect.map(Network.make, (network) => Host.layer(network, { addresses: ["198.51.100.1"] })))
)

Datagrams.suite("memory", host)
Listener.suite("memory", host)
Dialer.suite("memory", host)
Connection.suite("memory", host)
