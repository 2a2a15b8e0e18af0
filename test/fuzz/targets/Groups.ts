import * as assert from "node:assert/strict"
import * as fc from "fast-check"
import { Groups, MAX_KNOWN, membersOf } from "../../../src/core/client/groups/Groups.js"
import * as GroupsFile from "../../../src/core/client/groups/GroupsFile.js"
import { peerIdOf } from "../../../src/domain/PeerId.js"
import { MAX_OTHERS } from "../../../src/protocol/GroupRecord.js"
import { groupRecord } from "../../protocol/Arbitrary.js"
import type { Target } from "../Target.js"

const groups = fc.array(groupRecord, { maxLength: 3 }).map((records) => {
  const all = new Groups()
  for (const { id, members, name } of records) all.make(id, name, members)
  return all
})

/** The file of the groups that one is in, unsealed. */
export const target: Target = {
  about: ["src/core/client/groups/Groups.ts", "src/core/client/groups/GroupsFile.ts"],
  inputs: groups.map(GroupsFile.toText),
  words: ['"version":1', '"groups":[', '"members":[', '"state":"left"', '"state":"removed"', '"asked":true'],
  json: true,
  most: 2_000,
  run: (input) => {
    const all = GroupsFile.fromText(Buffer.from(input).toString())
    if (all === undefined) return []
    const text = GroupsFile.toText(all)
    const again = GroupsFile.fromText(text)
    assert.equal(again && GroupsFile.toText(again), text, "what was read can be written")
    for (const group of all.all()) {
      assert.ok(group.members.size <= MAX_KNOWN)
      const from = { peer: peerIdOf(new Uint8Array(32)), nick: "bob", isAsked: true }
      all.hear(from, { kind: "Text", id: group.id, name: "team", members: [] }, from.peer)
      assert.ok(membersOf(all.get(group.id)!).length <= Math.max(MAX_OTHERS, membersOf(group).length))
    }
    return all.all().map(({ state }) => state)
  }
}
