import { randomBytes } from "node:crypto"
import { fromSeed, type Identity } from "../../../src/domain/Identity.js"
import * as NodeCrypto from "../../../src/layers/node/Crypto.js"
import * as Bytes from "../../../src/protocol/Bytes.js"
import * as PeerRecord from "../../../src/protocol/PeerRecord.js"
import { Client } from "../Client.js"
import { type Load, repeat, wait } from "../Stage.js"

/** Connects, is greeted, registers and goes, again and again; with a proof of identity when `argument` says so. */
export const registrations: Load = async ({ argument, measured, port, size }) => {
  const people = argument === "identity" ? Array.from({ length: LANES }, (_, lane) => person(lane)) : undefined
  let newcomers = 0
  const once = async (lane: number): Promise<void> => {
    const client = await Client.open({ port })
    const person = people?.[lane]
    const proof = person === undefined ? "" : proving(person, client!.welcome)
    const reply = await client!.register(person === undefined ? `newcomer-${++newcomers}` : nickOf(lane), proof)
    if (!reply?.includes('"Registered"')) throw new Error(`not registered: ${reply}`)
    await client!.end()
  }
  await repeat(size.times, LANES, once)
  // What was begun in the time before is no part of what is measured.
  await wait(50)
  await measured(`registration${people === undefined ? "" : ", proven"}`, () => repeat(size.times, LANES, once))
}

/** Enough that the server always has something to do, and no more than a turn of its event loop takes. */
const LANES = 24

const crypto = NodeCrypto.make()

const nickOf = (lane: number): string => `person-${lane}`

interface Person {
  readonly identity: Identity
  readonly record: Uint8Array
}

const person = (lane: number): Person => {
  const identity = fromSeed(crypto, randomBytes(32))
  const record = PeerRecord.sign(crypto, identity.signKeys.secretKey, {
    nick: nickOf(lane),
    identity: identity.signKeys.publicKey,
    staticKey: identity.staticKeys.publicKey,
    sequence: 1,
    expiry: Date.now() + 7 * 86_400_000
  })
  return { identity, record: record! }
}

const proving = ({ identity, record }: Person, welcome: string): string => {
  const challenge = Bytes.fromBase64Url(JSON.parse(welcome).challenge)!
  const proof = PeerRecord.signProof(crypto, identity.signKeys.secretKey, { challenge }, record)
  const field = (name: string, bytes: Uint8Array) => `,"${name}":"${Bytes.toBase64Url(bytes)}"`
  return field("identity", identity.signKeys.publicKey) + field("record", record) + field("proof", proof)
}
