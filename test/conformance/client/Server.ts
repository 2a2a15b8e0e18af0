import { crypto } from "../../../src/layers/node/Crypto.js"
import * as Bytes from "../../../src/protocol/Bytes.js"
import * as PeerRecord from "../../../src/protocol/PeerRecord.js"
import { equal, must, there } from "../Check.js"
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
      must((endpoints ?? []).length > 0 || (await host.next("Update", 3_000)).endpoints !== undefined, "no endpoints")
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
        for (let i = 0; i < 2; i++) await host.next("Ping", 6_000)
      },
      (host) => {
        host.greeting.limits = { line: 4_096, idleMs: 6_000, registerMs: 10_000 }
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
