import * as Endpoint from "../../src/domain/Endpoint.js"
import { crypto } from "../../src/layers/node/Crypto.js"
import * as Lan from "../../src/protocol/Lan.js"
import * as RelayEnvelope from "../../src/protocol/RelayEnvelope.js"
import * as Stun from "../../src/protocol/Stun.js"
import { alice, bob, CHANNEL, counting, hex, repeated, type VectorFile } from "./Keys.js"

const names = { alice: Lan.nameOf(crypto, alice.signKeys.publicKey), bob: Lan.nameOf(crypto, bob.signKeys.publicKey) }
const nonces = { alice: repeated(1, 16), bob: repeated(2, 16) }
const question = repeated(3, 16)
const at = Endpoint.make("192.168.1.7", 5353)!

export const lan = (): VectorFile => {
  const { channel, pairKey } = Lan.introduce(
    crypto,
    { identity: alice.signKeys.publicKey, nonce: nonces.alice },
    { identity: bob.signKeys.publicKey, nonce: nonces.bob }
  )
  const card = { nonce: nonces.bob, port: 40_000, cookie: repeated(4, 16), record: bob.record }
  const ask = { to: names.bob, sender: names.alice, question, at }
  const packet = (each: Lan.LanPacket, secretKey: Uint8Array) => hex(Lan.encode(crypto, each, secretKey))
  return {
    about:
      "alice asks bob at 192.168.1.7:5353 and invites him. Nonces 01 (alice) and 02 (bob), question 03, cookie 04, each sixteen times; the ports of their peer links are 40000.",
    section: "4",
    vectors: [
      { name: "names", ...names },
      { name: "ASK", packet: packet({ kind: "ask", ...ask }, alice.signKeys.secretKey) },
      {
        name: "CARD",
        packet: packet({ kind: "card", ...ask, ...card, to: names.alice, sender: names.bob }, bob.signKeys.secretKey)
      },
      {
        name: "INVITE",
        packet: packet(
          { kind: "invite", ...ask, ...card, nonce: nonces.alice, record: alice.record },
          alice.signKeys.secretKey
        )
      },
      { name: "introduction", channel: hex(channel), pairKey: hex(pairKey) }
    ]
  }
}

const token = repeated(0x77, 8)
const inside = counting(0x30, 8)

export const relay = (): VectorFile => ({
  about: "Envelopes of the channel 01..08 with the packet 30..37; the client's token is 77 eight times.",
  section: "2.2",
  vectors: [
    { name: "to the server", envelope: hex(RelayEnvelope.toServer(CHANNEL, token, inside)) },
    { name: "from the server", envelope: hex(RelayEnvelope.fromServer(CHANNEL, inside)) },
    { name: "PROOF from the server", envelope: hex(RelayEnvelope.fromServer(CHANNEL, RelayEnvelope.proof(inside))) },
    {
      name: "PROOF from the client",
      envelope: hex(RelayEnvelope.toServer(CHANNEL, token, RelayEnvelope.proof(inside)))
    }
  ]
})

const transactionId = counting(0, 12)

const message = (more: Pick<Stun.Message, "class" | "attributes">): string =>
  hex(Stun.encode({ method: Stun.BINDING, transactionId, fingerprint: false, ...more })!)

export const stun = (): VectorFile => ({
  about: "A Binding request as clients send it to the reflector, and answers to it (RFC 8489). Transaction 00..0b.",
  section: "2.1",
  vectors: [
    { name: "request", message: message({ class: "request", attributes: {} }) },
    ...["192.0.2.1:9090", "[2001:db8::1]:9090"].map((mapped) => ({
      name: `answer, ${mapped}`,
      mapped,
      message: message({ class: "success", attributes: { xorMappedAddress: Endpoint.parse(mapped)! } })
    }))
  ]
})
