import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { groupIdOf } from "../../src/domain/GroupId.js"
import { peerIdOf } from "../../src/domain/PeerId.js"
import { concat, fromText, toHex, toText } from "../../src/protocol/Bytes.js"
import * as GroupRecord from "../../src/protocol/GroupRecord.js"
import { some } from "../support/Effort.js"
import { groupRecord } from "./Arbitrary.js"

const id = groupIdOf(new Uint8Array(16).fill(0xaa))
const person = (n: number, nick = `p${n}`) => ({ peer: peerIdOf(new Uint8Array(32).fill(n)), nick })
const people = (count: number) => Array.from({ length: count }, (_, i) => person(i + 1))

describe("what is said of a group", () => {
  it("comes back as it was, and says which group it is of", () => {
    fc.assert(
      fc.property(groupRecord, (record) => {
        const body = GroupRecord.encode(record)
        expect(GroupRecord.decode(body)).toEqual(record)
        expect(GroupRecord.groupOf(body)).toBe(record.id)
        expect(body.length).toBeLessThanOrEqual(GroupRecord.MAX_GROUP_RECORD)
        expect(GroupRecord.prefixOf(body).length).toBeLessThanOrEqual(GroupRecord.MAX_PREFIX)
      })
    )
  })

  it("has a fixed form", () => {
    const body = GroupRecord.encode({ kind: "Left", id, name: "team", members: [person(7, "bob")] })
    const name = toHex(fromText("team"))
    expect(toHex(body)).toBe(`04${"aa".repeat(16)}04${name}01${"07".repeat(32)}03${toHex(fromText("bob"))}`)
    expect(toText(GroupRecord.prefixOf(body))).toBe("[team] ")
  })

  it("says nothing when it is malformed, and ignores what a later version adds", () => {
    const good = GroupRecord.encode({ kind: "Text", id, name: "team", members: people(3) })
    for (let length = 0; length < good.length; length++)
      expect(GroupRecord.decode(good.subarray(0, length))).toBeUndefined()
    expect(GroupRecord.decode(concat([good, Uint8Array.of(1, 2, 3)]))).toEqual(GroupRecord.decode(good))
    const ofKind = (kind: number) => GroupRecord.decode(Uint8Array.from(good, (byte, at) => (at === 0 ? kind : byte)))
    expect([0, 1, 2, 3, 4, 5, 255].map((kind) => ofKind(kind)?.kind)).toEqual([
      "Text",
      "Invite",
      "Members",
      "Joined",
      "Left",
      "Text",
      "Text"
    ])
  })

  it("takes no name that is no nickname, nobody twice, and no more than a group may have", () => {
    const of = (name: string, members: GroupRecord.GroupRecord["members"]) =>
      GroupRecord.decode(GroupRecord.encode({ kind: "Text", id, name, members }))
    for (const name of ["", "two words", "#team", "a\u001b[2J", "\u202etxt", "x".repeat(33), "everybody"]) {
      expect(of(name, [])).toBeUndefined()
      expect(of("team", [person(1, name)])).toBeUndefined()
    }
    expect(of("team", [person(1, "bob"), person(1, "rob")])?.members).toEqual([person(1, "bob")])
    expect(of("team", people(40))?.members).toEqual(people(GroupRecord.MAX_OTHERS))
    const tooMany = GroupRecord.encode({ kind: "Text", id, name: "team", members: people(31) })
    tooMany[22] = 32
    expect(GroupRecord.decode(concat([tooMany, new Uint8Array(100)]))).toBeUndefined()
  })

  it("never throws on random bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        GroupRecord.decode(bytes)
      }),
      { numRuns: some(3_000) }
    )
  })
})
