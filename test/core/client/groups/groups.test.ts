import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  type Group,
  Groups,
  MAX_INVITATIONS,
  MAX_JOINED,
  MAX_KNOWN,
  membersOf
} from "../../../../src/core/client/groups/Groups.js"
import * as GroupsFile from "../../../../src/core/client/groups/GroupsFile.js"
import { groupIdOf } from "../../../../src/domain/GroupId.js"
import * as Nickname from "../../../../src/domain/Nickname.js"
import { peerIdOf } from "../../../../src/domain/PeerId.js"
import { crypto } from "../../../../src/layers/node/Crypto.js"
import { type GroupKind, type GroupPerson, MAX_OTHERS } from "../../../../src/protocol/GroupRecord.js"
import { some } from "../../../support/Effort.js"

const idOf = (n: number) => groupIdOf(new Uint8Array(16).fill(n))
const person = (n: number): GroupPerson => ({ peer: peerIdOf(new Uint8Array(32).fill(n)), nick: `p${n}` })
const OWN = person(0).peer

const says = (
  groups: Groups,
  from: number,
  kind: GroupKind,
  id: number,
  members: ReadonlyArray<number> = [],
  isAsked = true
) => groups.hear({ ...person(from), isAsked }, { kind, id: idOf(id), name: "team", members: members.map(person) }, OWN)

const present = (group: Group | undefined) => (group === undefined ? [] : membersOf(group).map(({ nick }) => nick))

type Step =
  | {
      readonly _tag: "Says"
      readonly from: number
      readonly kind: GroupKind
      readonly members: ReadonlyArray<number>
      readonly isAsked: boolean
    }
  | { readonly _tag: "Join" | "Leave" }
  | { readonly _tag: "Add" | "Remove" | "Withdraw"; readonly who: number }

const who = fc.integer({ min: 1, max: 6 })
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    _tag: fc.constant("Says" as const),
    from: who,
    kind: fc.constantFrom("Text" as const, "Invite" as const, "Members" as const, "Joined" as const, "Left" as const),
    members: fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { maxLength: 6 }),
    isAsked: fc.boolean()
  }),
  fc.record({ _tag: fc.constantFrom("Join" as const, "Leave" as const) }),
  fc.record({ _tag: fc.constantFrom("Add" as const, "Remove" as const, "Withdraw" as const), who })
)

/** One group as docs/protocol.md §3.9 tells it, in the plainest words. */
class Model {
  state: "unknown" | "invited" | "joined" | "left" = "unknown"
  trusted = false
  readonly on = new Set<number>()
  readonly left = new Set<number>()
  readonly removed = new Set<number>()
  readonly asked = new Set<number>()

  /** Whether the text belongs to the group. */
  says({ from, isAsked, kind, members }: Step & { readonly _tag: "Says" }): boolean {
    const comesAnew =
      (this.state === "unknown" && kind !== "Left") ||
      (this.state === "left" && kind === "Invite" && isAsked && !this.removed.has(from)) ||
      (this.state === "invited" && !this.trusted && isAsked && kind !== "Left" && !this.removed.has(from))
    if (comesAnew) {
      this.state = "invited"
      this.trusted = isAsked
      for (const set of [this.on, this.left, this.asked]) set.clear()
      for (const one of [from, ...members]) if (one !== 0 && !this.removed.has(one)) this.on.add(one)
      return true
    }
    if (this.state !== "invited" && this.state !== "joined") return false
    if (!this.on.has(from) && !this.left.has(from)) return false
    if (kind === "Left") {
      this.on.delete(from)
      this.asked.delete(from)
      this.left.add(from)
      return true
    }
    this.left.delete(from)
    this.on.add(from)
    for (const one of members) if (one !== 0 && !this.left.has(one) && !this.removed.has(one)) this.on.add(one)
    return true
  }

  join(): void {
    if (this.state !== "invited" && this.state !== "joined") return
    this.state = "joined"
    for (const one of this.on) this.asked.add(one)
  }

  leave(): void {
    if (this.state === "unknown") return
    this.state = "left"
    this.asked.clear()
  }

  add(one: number): void {
    if (this.state !== "joined") return
    this.left.delete(one)
    this.removed.delete(one)
    this.on.add(one)
    this.asked.add(one)
  }

  remove(one: number): void {
    if (this.state !== "joined" || !(this.on.has(one) || this.left.has(one))) return
    this.on.delete(one)
    this.left.delete(one)
    this.asked.delete(one)
    this.removed.add(one)
  }
}

const act = (groups: Groups, model: Model, one: Step): void => {
  const group = groups.get(idOf(1))
  switch (one._tag) {
    case "Says": {
      const heard = says(groups, one.from, one.kind, 1, one.members, one.isAsked)
      expect(heard.group !== undefined).toBe(model.says(one))
      return
    }
    case "Join":
      if (group !== undefined && group.state !== "left") groups.join(group)
      model.join()
      return
    case "Leave":
      if (group !== undefined) groups.leave(group)
      model.leave()
      return
    case "Add":
      if (group?.state === "joined") groups.add(group, [person(one.who)])
      model.add(one.who)
      return
    case "Remove":
      if (group?.state === "joined") groups.remove(group, person(one.who).peer)
      model.remove(one.who)
      return
    case "Withdraw":
      groups.withdraw(person(one.who).peer)
      model.asked.delete(one.who)
  }
}

const names = (people: Iterable<number>) => [...people].map((n) => `p${n}`).sort()

describe("our own list of a group", () => {
  it("is what its members and our user make of it", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30, size: "max" }), (steps) => {
        const groups = new Groups()
        const model = new Model()
        for (const one of steps) {
          act(groups, model, one)
          const group = groups.get(idOf(1))
          expect(group?.state ?? "unknown").toBe(model.state)
          expect([...present(group)].sort()).toEqual(names(model.on))
          const asked = group === undefined ? [] : membersOf(group).filter((member) => member.asked)
          expect(asked.map(({ nick }) => nick).sort()).toEqual(names(model.asked))
          if (group === undefined || group.state === "invited") continue
          const again = GroupsFile.fromText(GroupsFile.toText(groups))?.get(group.id)
          expect(again?.state).toBe(group.state)
          expect([...(again?.members ?? [])]).toEqual([...group.members])
        }
      }),
      { numRuns: some(5_000) }
    )
  })

  it("is bounded, whoever says whatever", () => {
    const groups = new Groups()
    for (let n = 0; n < 200; n++) {
      const id = n % 100
      says(
        groups,
        1 + (n % 50),
        "Text",
        id,
        Array.from({ length: MAX_OTHERS }, (_, i) => 1 + ((n * 7 + i) % 250)),
        n % 3 === 0
      )
      for (let other = 51; other < 250; other += 9) says(groups, other, "Members", id, [other + 1])
    }
    expect(groups.all().length).toBeLessThanOrEqual(MAX_INVITATIONS)
    for (const group of groups.all()) {
      expect(membersOf(group).length).toBeLessThanOrEqual(MAX_OTHERS)
      expect(group.members.size).toBeLessThanOrEqual(MAX_KNOWN)
    }
    for (let n = 0; n < 250; n++) {
      const made = groups.make(idOf(n), "crowd", [person(1)])
      expect(made === undefined).toBe(n >= MAX_JOINED)
    }
    for (const group of groups.all()) groups.leave(group)
    expect(groups.all().length).toBe(MAX_JOINED)
  })

  it("lets no stranger push out what somebody whom we have asked for has invited us to", () => {
    const groups = new Groups()
    says(groups, 1, "Invite", 1)
    for (let n = 2; n < 100; n++) says(groups, n, "Invite", n, [], false)
    expect(groups.get(idOf(1))).toBeDefined()
    expect(groups.all()).toHaveLength(MAX_INVITATIONS)
  })

  it("lets nobody fill in a list before the one whom we know does", () => {
    const groups = new Groups()
    says(groups, 9, "Invite", 1, [1, 9], false)
    says(groups, 1, "Text", 1, [2])
    expect([...present(groups.get(idOf(1)))].sort()).toEqual(["p1", "p2"])
    says(groups, 9, "Text", 1, [8], false)
    expect(present(groups.get(idOf(1)))).not.toContain("p9")
  })

  it("is called by names that are told apart, and no name takes one that is in use", () => {
    const groups = new Groups()
    for (let n = 1; n <= 3; n++) says(groups, 1, "Invite", n)
    expect(groups.all().map(({ label }) => label)).toEqual(["team", "team-2", "team-3"])
    groups.leave(groups.get(idOf(1))!)
    expect(groups.byLabel("TEAM")?.id).toBe(idOf(1))
    groups.make(idOf(7), "Team", [])
    expect(groups.byLabel("team")?.id).toBe(idOf(7))
    const keys = groups
      .all()
      .filter(({ state }) => state !== "left")
      .map(({ label }) => Nickname.key(label))
    expect(new Set(keys).size).toBe(keys.length)
  })

  it("is sealed on the disk", () => {
    const groups = new Groups()
    groups.make(idOf(1), "team", [person(1), person(2)])
    const [secret, salt] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]
    const file = GroupsFile.encode(crypto, secret, salt, groups)
    expect(new TextDecoder("latin1").decode(file)).not.toContain("team")
    expect(GroupsFile.decode(crypto, secret, file)?.all()).toEqual(groups.all())
    expect(GroupsFile.decode(crypto, new Uint8Array(32), file)).toBeUndefined()
    file[file.length - 1]! ^= 1
    expect(GroupsFile.decode(crypto, secret, file)).toBeUndefined()
    for (const text of ["", "{}", '{"version":2,"groups":[]}', '{"version":1,"groups":[{"id":"x"}]}'])
      expect(GroupsFile.fromText(text)).toBeUndefined()
  })
})
