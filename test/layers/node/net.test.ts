import * as Layer from "effect/Layer"
import * as NodeDatagrams from "../../../src/layers/node/Datagrams.js"
import * as NodeDialer from "../../../src/layers/node/Dialer.js"
import * as NodeListener from "../../../src/layers/node/Listener.js"
import * as Connection from "../conformance/Connection.js"
import * as Datagrams from "../conformance/Datagrams.js"
import * as Dialer from "../conformance/Dialer.js"
import * as Listener from "../conformance/Listener.js"
import { inWebSockets, secured } from "../conformance/Secured.js"
import { live } from "../conformance/Suite.js"
import * as Tls from "../conformance/Tls.js"

const tcp = live(Layer.merge(NodeListener.layer, NodeDialer.layer))

Datagrams.suite("node", live(NodeDatagrams.layer))
Listener.suite("node", tcp)
Dialer.suite("node", tcp)
Connection.suite("node", tcp)

Connection.suite("node with TLS", secured(tcp))
Connection.suite("node in WebSockets", inWebSockets(tcp, false))
Connection.suite("node in WebSockets with TLS", inWebSockets(tcp, true))
Tls.suite("node", tcp)
