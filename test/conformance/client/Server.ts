import { randomBytes } from "node:crypto"
import * as Endpoint from "../../../src/domain/Endpoint.js"
import { crypto } from "../../../src/layers/node/Crypto.js"
import * as Bytes from "../../../src/protocol/Bytes.js"
import * as PeerRecord from "../../../src/protocol/PeerRecord.js"
import * as RelayEnvelope from "../../../src/protocol/RelayEnvelope.js"
import * as Stun from "../../../src/protocol/Stun.js"
import { equal, must, there, waits } from "../Check.js"
import { Udp } from "../server/Udp.js"
import { type ClientCheck, own, shared } from "./Context.js"
import { ForeignPeer } from "./ForeignPeer.js"
import { START } from "./Running.js"

/** What a client owes its server, and takes from it. */
export const atServer: ReadonlyArray<ClientCheck> = [
  {
    rule: "1.5-6",
    says: "registers with a record and a proof that are its identity's, for this server and this connection",
    also: ["1.1-13", "1.5-1", "1.5-2", "1.5-4", "1.5-7"],
    run: shared(async ({ host }) => {
      const { identity, nick, proof, server } = host.registration
      const record = there(PeerRecord.decode(host.record), "the record is malformed")
      equal([record.nick, Bytes.toBase64Url(record.identity)], [nick, identity], "nickname and identity of the record")
      equal(server, host.name, "the name of the server")
      must(record.expiry > Date.now(), "the record has expired")
      for (const { message, publicKey, signature } of [
        PeerRecord.recordCheck(host.record, record.identity),
        PeerRecord.proofCheck(
          there(Bytes.fromBase64Url(String(proof)), "the proof is not base64url"),
          record.identity,
          { challenge: host.challenge, server: host.name },
          host.record
        )
      ])
        must(crypto.verify(signature, message, publicKey), "a signature is not good")
    })
  },
  {
    rule: "1.2-20",
    says: "registers where it can be reached when there is no relay",
    run: shared(async ({ host }) => {
      const { endpoints } = host.registration as unknown as { readonly endpoints?: ReadonlyArray<string> }
      must((endpoints ?? []).length > 0 || (await host.next("Update")).endpoints !== undefined, "no endpoints")
    })
  },
  {
    rule: "1.2-19",
    says: "registers no addresses when the server carries packets",
    run: own(
      async ({ host }) => {
        equal(host.registration.endpoints ?? [], [], "the endpoints")
        await host.inbox.none(
          ({ _tag, endpoints }) => _tag === "Update" && (endpoints as ReadonlyArray<string>).length > 0,
          "it told them afterwards"
        )
      },
      (host) => {
        host.greeting.relay = true
      }
    )
  },
  {
    rule: "2-2",
    part: "udp",
    says: "asks at the UDP ports that the server names, and not at those of its address",
    run: async (subject) => {
      const [named, near] = [await Udp.open("127.0.0.1"), await Udp.open("127.0.0.1")]
      await own(
        async () => {
          const { data } = await named.inbox.take()
          must(Stun.isStun(data), "what came is no STUN")
          await near.inbox.none(() => true, "a port of the server's address got something")
        },
        (host) => {
          host.greeting.udp = [near.port]
          host.greeting.udpAt = ["224.0.0.1:9", `127.0.0.1:${named.port}`, "later:9090"]
        }
      )(subject).finally(() => [named, near].map((udp) => udp.close()))
    }
  },
  {
    rule: "2.2-11",
    part: "udp",
    says: "sends envelopes to the port of the introduction once that has answered, and none before",
    words: true,
    run: async (subject) => {
      const udp = await Udp.open("127.0.0.1")
      await own(
        async (running) => {
          const peer = await ForeignPeer.meet(running)
          const relay = { token: Bytes.toBase64Url(randomBytes(8)), at: [`127.0.0.1:${udp.port}`] }
          running.host.people.set(peer.who.nick, () => peer.introduction({ address: "", candidates: [], relay }))
          running.say({ cmd: "query", nick: peer.who.nick })
          await running.host.next("Relay")
          const asked = await udp.inbox.take()
          const { transactionId } = there(Stun.decode(asked.data), "the first that came is no STUN")
          const mapped = there(Endpoint.make(asked.address, asked.port), "it came from nowhere")
          const answer = { class: "success", method: Stun.BINDING, transactionId, fingerprint: false } as const
          udp.send(Stun.encode({ ...answer, attributes: { xorMappedAddress: mapped } })!, asked.address, asked.port)
          const { data } = await udp.inbox.take((one) => !Stun.isStun(one.data), "envelope")
          const envelope = there(RelayEnvelope.readToServer(data), "what came is no envelope")
          must(Bytes.equal(envelope.channel, peer.channel), "it is of another channel")
          equal(Bytes.toBase64Url(envelope.token), relay.token, "the token")
          peer.close()
        },
        (host) => {
          host.greeting.relay = true
        }
      )(subject).finally(() => udp.close())
    }
  },
  {
    rule: "1.1-5",
    says: "ignores keys and events that it does not know",
    also: ["1.1-4", "1.1-9"],
    run: own(
      async (running) => {
        running.host.say({ _tag: "x-grease" }, { _tag: "toString", id: 3 }, { _tag: "Gossip", nick: "eve" })
        const peer = await ForeignPeer.meet(running)
        running.host.say({ _tag: "Incoming", ...peer.introduction({ "x-grease": [1] }) })
        await peer.udp.inbox.take(({ data }) => data.length === 1, "OPEN after that").finally(() => peer.close())
      },
      (host) => {
        host.greeting["x-grease"] = { deep: { deeper: [[]] } }
        host.greeting.later = true
      }
    )
  },
  {
    rule: "1.4-1",
    says: "says something in time, as the greeting asks",
    run: own(
      async ({ host }) => {
        for (let i = 0; i < 2; i++) await host.next("Ping", idleMs())
      },
      (host) => {
        host.greeting.limits = { line: 4_096, idleMs: idleMs(), registerMs: 10_000 }
      }
    )
  },
  {
    rule: "1.2-7",
    says: "does not register at a server of another version",
    also: ["5-2"],
    run: own(
      async ({ host }) => {
        await host.next("(closed)", START)
        await host.inbox.none(({ _tag }) => _tag === "Register", "it registered")
      },
      (host) => {
        host.greeting.protocol = 2
      },
      "started"
    )
  },
  {
    rule: "1.1-3",
    says: "leaves a server whose line does not end",
    run: own(async ({ host }) => {
      host.sayRaw("x".repeat(70_000))
      await host.next("(closed)")
    })
  },
  {
    rule: "1.2-31",
    says: "comes back after a restart, when it was told to",
    run: own(async ({ host }) => {
      const told = performance.now()
      host.say({ _tag: "Restarting", inMs: 500, spreadMs: 500 })
      host.hangUp()
      const { at } = await host.next("Register", START)
      must(at - told >= 400, `it came back after ${Math.round(at - told)} ms`)
    })
  },
  {
    rule: "1.2-32",
    says: "does not come back when its identity is somewhere else now",
    run: own(async ({ host }) => {
      host.say({ _tag: "Replaced" })
      host.hangUp()
      await host.inbox.none(({ _tag }) => _tag === "Register", "it registered again", 3_000)
    })
  }
]

/** Of a server that is impatient, as far as the machine lets it. */
const idleMs = (): number => 0.6 * waits.patience
