import type { ClientContext } from "../../../src/core/client/ClientContext.js"
import { Conversations } from "../../../src/core/client/Conversations.js"
import { Output, type Wish } from "../../../src/core/client/Output.js"
import { OwnRecord } from "../../../src/core/client/OwnRecord.js"
import { PathPolicies } from "../../../src/core/client/PathPolicies.js"
import { PendingPeers } from "../../../src/core/client/PendingPeers.js"
import type { Purpose } from "../../../src/core/client/Purpose.js"
import { RelayTransport } from "../../../src/core/client/RelayTransport.js"
import { type Asked, Rendezvous } from "../../../src/core/client/Rendezvous.js"
import { ServerLink } from "../../../src/core/client/ServerLink.js"
import type { Policy } from "../../../src/core/peer/path/Policy.js"
import * as Endpoint from "../../../src/domain/Endpoint.js"
import { crypto } from "../../../src/layers/node/Crypto.js"
import * as Control from "../../../src/protocol/Control.js"
import { Rng } from "../../../src/sim/kernel/Rng.js"

/** What one part of a client works with, and a server at the other end of its link that a test plays itself. */
export class Context implements ClientContext {
  readonly crypto = crypto
  readonly output = new Output()
  readonly own = new OwnRecord(crypto)
  readonly conversations = new Conversations()
  readonly pending = new PendingPeers(this.conversations)
  readonly policies: PathPolicies
  readonly link: ServerLink<Asked<Purpose>>
  readonly rendezvous: Rendezvous<Purpose>
  readonly transport: RelayTransport
  readonly peers: ClientContext["peers"] = undefined
  readonly wallNow = () => 1_700_000_000_000

  constructor(path: Policy = "prefer-direct", seed = 1) {
    const rng = new Rng(seed)
    const random = (length: number) => rng.fill(new Uint8Array(length))
    this.policies = new PathPolicies(path)
    this.link = new ServerLink({ random })
    this.rendezvous = new Rendezvous(this.link, undefined)
    this.transport = new RelayTransport(random)
    this.link.setWanted(true)
    this.link.pollDial()
    this.link.handleConnected(at("192.168.1.5:1"), at("198.51.100.1:9090"), 0)
    this.link.handleBytes(new TextEncoder().encode(`${JSON.stringify(WELCOME)}\n`), 0)
  }

  /** What the server was told of our candidates, since it was last asked for. */
  told(): ReadonlyArray<string> {
    const found: Array<string> = []
    for (let output = this.link.pollTransmit(); output !== undefined; output = this.link.pollTransmit()) {
      const line = typeof output === "string" ? {} : JSON.parse(new TextDecoder().decode(output))
      if (line._tag === "Update") found.push(line.endpoints.join())
    }
    return found
  }

  wishes(): ReadonlyArray<Wish["_tag"]> {
    const found: Array<Wish["_tag"]> = []
    for (let wish = this.output.pollWish(); wish !== undefined; wish = this.output.pollWish()) found.push(wish._tag)
    return found
  }
}

const at = (text: string) => Endpoint.parse(text)!

const WELCOME: typeof Control.Welcome.Type = {
  _tag: "Welcome",
  protocol: Control.PROTOCOL_VERSION,
  server: "test",
  challenge: "",
  limits: { line: Control.MAX_LINE, idleMs: 45_000, registerMs: 10_000 },
  udp: []
}
