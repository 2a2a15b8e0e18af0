import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { judge, type Knowledge, type OfferedIntroduction } from "../../../src/core/client/Introductions.js"
import * as Base64Url from "../../../src/domain/Base64Url.js"
import { CHANNEL_BYTES, channelIdOf } from "../../../src/domain/ChannelId.js"
import * as Identity from "../../../src/domain/Identity.js"
import { crypto } from "../../../src/layers/node/Crypto.js"
import * as PeerRecord from "../../../src/protocol/PeerRecord.js"

const bob = Identity.fromSeed(crypto, new Uint8Array(32).fill(1))
const record = PeerRecord.sign(crypto, bob.signKeys.secretKey, {
  nick: "bob",
  identity: bob.signKeys.publicKey,
  staticKey: bob.staticKeys.publicKey,
  sequence: 1,
  expiry: 1_000
})!

const offered = (some: Partial<OfferedIntroduction>): OfferedIntroduction => ({
  nick: "bob",
  address: "192.0.2.1:4000",
  record: Base64Url.encode(record),
  candidates: [],
  channel: channelIdOf(new Uint8Array(CHANNEL_BYTES)),
  pairKey: Base64Url.encode(new Uint8Array(32)),
  ...some
})

const NOTHING: Knowledge = { ownerBeside: () => undefined, newest: () => undefined }

const verdictOf = (some: Partial<OfferedIntroduction>, known: Partial<Knowledge> = {}) =>
  judge(offered(some), crypto, { ...NOTHING, ...known }, 0)

describe("an introduction", () => {
  it("is vouched for when all of it is as it should be", () => {
    expect(verdictOf({})).toMatchObject({ _tag: "Vouched", vouched: { nick: "bob" } })
  })

  it("has expired or not by the clock, unless its owner has just signed it", () => {
    const judged = (some: Partial<OfferedIntroduction>) => judge(offered(some), crypto, NOTHING, 1_000)
    expect(judged({})).toMatchObject({ _tag: "Refused", error: { _tag: "NoKey" } })
    expect(judged({ isFresh: true })._tag).toBe("Vouched")
  })

  it("is refused when a newer record of its key has another nickname, for as long as the older one may be good", () => {
    const newest = { sequence: 2, nick: "robert", until: 1 }
    expect(verdictOf({}, { newest: () => newest })).toMatchObject({ _tag: "Refused", error: { _tag: "NoKey" } })
    expect(verdictOf({}, { newest: () => ({ ...newest, sequence: 1 }) })._tag).toBe("Vouched")
    expect(verdictOf({}, { newest: () => ({ ...newest, nick: "BOB" }) })._tag, "a clock was set back").toBe("Vouched")
    expect(verdictOf({}, { newest: () => ({ ...newest, until: 0 }) })._tag).toBe("Vouched")
  })

  it("is refused under a name that no server may give away, whatever its owner has signed", () => {
    for (const nick of ["*", "you", "admin", "bob:", "alice→bob", "b\u00adob", "bob\u200b"]) {
      const signed = PeerRecord.sign(crypto, bob.signKeys.secretKey, {
        nick,
        identity: bob.signKeys.publicKey,
        staticKey: bob.staticKeys.publicKey,
        sequence: 1,
        expiry: 1_000
      })
      const verdict = verdictOf({ nick, ...(signed === undefined ? {} : { record: Base64Url.encode(signed) }) })
      expect([nick, verdict]).toMatchObject([nick, { _tag: "Refused", error: { _tag: "NoKey" } }])
    }
  })

  it("is refused when its channel or its pair key is none, and the peer machine never sees it", () => {
    for (const channel of ["", "short", "!!!!!!!!!!!", "A".repeat(12), `${"A".repeat(10)}B`]) {
      expect(verdictOf({ channel })).toMatchObject({ _tag: "Refused" })
    }
    const notAKey = fc.uint8Array({ maxLength: 64 }).filter(({ length }) => length !== 32)
    fc.assert(
      fc.property(notAKey, (bytes) => {
        expect(verdictOf({ pairKey: Base64Url.encode(bytes) })).toMatchObject({ _tag: "Refused" })
      })
    )
  })
})
