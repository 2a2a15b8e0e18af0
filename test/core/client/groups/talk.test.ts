import { describe, expect, it } from "vitest"
import type { GroupInfo, GroupSent } from "../../../../src/core/client/groups/GroupInfo.js"
import * as GroupsFile from "../../../../src/core/client/groups/GroupsFile.js"
import { encode } from "../../../../src/protocol/GroupRecord.js"
import { some } from "../../../support/Effort.js"
import { messageId } from "../../../support/ids.js"
import { type Person, type Profiles, World } from "../World.js"

/** People who are registered, each with what outlives their program. */
const people = (seed: number, names: ReadonlyArray<string>, loss = 0) => {
  const world = new World(seed)
  world.startServer()
  const stores = new Map<string, Profiles>(names.map((name) => [name, new Map()]))
  const start = (name: string): Person => {
    const person = world.person(name, stores.get(name)!)
    person.ask((machine, now) => machine.register(name, now))
    return person
  }
  const all = names.map(start)
  world.loss = loss
  return { world, all, start }
}

/** Seeds of so many runs, at full effort. */
const seeds = (count: number) => Array.from({ length: some(count) }, (_, seed) => seed)

const query = (person: Person, nick: string) => person.ask((machine, now) => machine.query(nick, now))

const done = <R>(result: R): Exclude<R, Error> => {
  if (result instanceof Error) throw result
  return result as Exclude<R, Error>
}

const make = (person: Person, name: string, nicks: ReadonlyArray<string>): GroupInfo => {
  for (const nick of nicks) query(person, nick)
  return done(person.drive((machine, at) => machine.inGroups((groups, now) => groups.make(name, nicks, now), at)))
}
const join = (person: Person, name: string): GroupInfo =>
  done(person.drive((machine, at) => machine.inGroups((groups, now) => groups.join(name, now), at)))
const say = (person: Person, name: string, text: string): GroupSent =>
  done(person.drive((machine, at) => machine.inGroups((groups, now) => groups.send(name, text, now), at)))
const codeOf = (result: unknown): string => (result instanceof Error ? result.name : "ok")
const inGroup = (person: Person, name: string) => person.machine.groups.find(name)
const members = (person: Person, name: string): ReadonlyArray<string> => {
  const group = inGroup(person, name)
  return group === undefined ? [] : person.machine.groups.info(group).members.map(({ nick }) => nick)
}
/** What was shown in a group, by whom, in order. */
const heard = (person: Person, name: string, from?: string): ReadonlyArray<string> =>
  person
    .told("Message")
    .flatMap((event) => (event.group?.name === name && event.from === (from ?? event.from) ? [event.text] : []))
const privately = (person: Person): ReadonlyArray<string> =>
  person.told("Message").flatMap((event) => (event.group === undefined ? [event.text] : []))

/** A group of all, which everybody has joined. */
const assembled = (world: World, all: ReadonlyArray<Person>, name = "team") => {
  const [first, ...others] = all as [Person, ...Array<Person>]
  make(
    first,
    name,
    others.map(({ name: nick }) => nick)
  )
  for (const other of others) world.until("an invitation", () => inGroup(other, name) !== undefined)
  for (const other of others) join(other, name)
  const areMutual = () =>
    all.every(
      ({ machine }) =>
        machine.conversations.all().filter(({ peer }) => machine.peers?.status(peer)?.mutual).length === all.length - 1
    )
  world.until("all talk to each other", areMutual)
}

describe("a group", () => {
  it("brings what one says to all, and what each answers, with delivery for each member", () => {
    for (const size of [3, 5])
      for (const seed of seeds(4)) {
        const { world, all } = people(seed, ["alice", "bob", "carol", "dave", "eve"].slice(0, size), 0.1)
        assembled(world, all)
        const said = all.flatMap((person) =>
          ["1", "2", "3"].map((n) => ({
            person,
            text: `${person.name} ${n}`,
            sent: say(person, "team", `${person.name} ${n}`)
          }))
        )
        const isDone = () =>
          said.every(
            ({ person, sent }) => person.told("Delivered").filter(({ id }) => id === sent.id).length === size - 1
          )
        world.until("everything is delivered to everybody", isDone)
        for (const person of all) {
          for (const other of all.filter((one) => one !== person))
            expect(heard(person, "team", other.name)).toEqual(["1", "2", "3"].map((n) => `${other.name} ${n}`))
          expect(privately(person)).toEqual([])
          expect([...members(person, "team")].sort()).toEqual(
            all
              .map(({ name }) => name)
              .filter((name) => name !== person.name)
              .sort()
          )
        }
        for (const { sent, person } of said) {
          expect(sent.without).toEqual([])
          const deliveries = person.told("Delivered").filter(({ id }) => id === sent.id)
          expect(deliveries.map(({ nick }) => nick).sort()).toEqual([...sent.to].sort())
          expect(deliveries.every(({ group }) => group?.name === "team")).toBe(true)
        }
        // Invitations and the like are delivered, too, and wait for consent; but nobody has said them.
        for (const person of all) {
          const own = said.flatMap((one) => (one.person === person ? [one.sent.id] : []))
          for (const { id } of [...person.told("Delivered"), ...person.told("Waiting")]) expect(own).toContain(id)
        }
      }
  })

  it("asks for nobody, and sends nothing, before our user has joined", () => {
    const { world, all } = people(1, ["alice", "bob", "carol"])
    const [alice, bob, carol] = all as [Person, Person, Person]
    make(alice, "team", ["bob", "carol"])
    world.until("invited", () => inGroup(bob, "team") !== undefined)
    expect(bob.told("Group")).toMatchObject([
      { nick: "alice", change: "invited", group: { name: "team", state: "invited" } }
    ])
    world.pass(10_000)
    expect(bob.machine.conversations.all().some(({ asked }) => asked)).toBe(false)
    const refused = bob.drive((machine, at) => machine.inGroups((groups, now) => groups.send("team", "hi", now), at))
    expect(codeOf(refused)).toBe("NotJoined")
    // Those who have joined do not wait for those who have not.
    join(carol, "team")
    const sent = say(carol, "team", "hello")
    expect(sent.to).toEqual(["alice", "bob"])
    world.until("alice hears carol", () => heard(alice, "team").length === 1)
    world.until("bob does, as a stranger's word", () => heard(bob, "team").length === 1)
    expect(bob.machine.groups.list()).toMatchObject([{ state: "invited" }])
  })

  it("keeps what is said for a member who never answers, and loses nothing of what the others say", () => {
    const { world, all } = people(2, ["alice", "bob", "carol"])
    const [alice, bob, carol] = all as [Person, Person, Person]
    make(alice, "team", ["bob", "carol"])
    world.until("invited", () => inGroup(bob, "team") !== undefined && inGroup(carol, "team") !== undefined)
    join(bob, "team")
    for (let i = 0; i < 30; i++) say(alice, "team", `${i}`)
    world.until("bob has it all", () => heard(bob, "team").length === 30)
    world.pass(5_000)
    expect(heard(carol, "team").length).toBeLessThan(30)
    const waiting = alice.told("Waiting").filter(({ nick }) => nick === "carol")
    expect(waiting.map(({ group }) => group?.name)).toEqual(Array(30 - heard(carol, "team").length).fill("team"))
    join(carol, "team")
    world.until("carol has it all", () => heard(carol, "team").length === 30)
    expect(heard(carol, "team")).toEqual(Array.from({ length: 30 }, (_, i) => `${i}`))
  })

  it("survives a program that is killed, on either side: each text is shown once to each", () => {
    for (const seed of seeds(6)) {
      const { world, all, start } = people(seed, ["alice", "bob", "carol"], 0.1)
      const [alice, , carol] = all as [Person, Person, Person]
      assembled(world, all)
      let bob = all[1]!
      const before: Array<string> = []
      for (let i = 0; i < 12; i++) {
        say(alice, "team", `a${i}`)
        say(carol, "team", `c${i}`)
        world.pass(world.rng.below(60))
        if (i % 4 !== 2) continue
        before.push(...heard(bob, "team"))
        bob.kill()
        world.pass(world.rng.below(3_000))
        bob = start("bob")
        // Whoever was killed and writes again asks for everybody again.
        say(bob, "team", `b${i}`)
      }
      world.until("bob has heard everything", () => new Set([...before, ...heard(bob, "team")]).size === 24)
      const shown = [...before, ...heard(bob, "team")]
      // The one message that was on the screen when the program was killed may come again.
      expect(shown.length).toBeLessThanOrEqual(24 + 3)
      for (const person of [alice, carol]) {
        world.until("the others have heard bob", () => heard(person, "team", "bob").length === 3)
        expect(heard(person, "team", "bob")).toEqual(["b2", "b6", "b10"])
      }
    }
  })

  it("grows by what members say at the same time, and shrinks only by who leaves", () => {
    for (const seed of seeds(4)) {
      const { world, all } = people(seed, ["alice", "bob", "carol", "dave", "eve"], 0.1)
      const [alice, bob, carol, dave, eve] = all as [Person, Person, Person, Person, Person]
      assembled(world, [alice, bob, carol])
      query(alice, "dave")
      query(bob, "eve")
      const add = (person: Person, nick: string) =>
        done(person.drive((machine, at) => machine.inGroups((groups, now) => groups.add("team", [nick], now), at)))
      add(alice, "dave")
      add(bob, "eve")
      for (const person of [dave, eve]) {
        world.until("invited", () => inGroup(person, "team") !== undefined)
        join(person, "team")
      }
      for (const person of [alice, bob, carol])
        world.until("both are known", () => members(person, "team").length === 4)
      expect(
        carol
          .told("Group")
          .filter(({ change }) => change === "added")
          .map(({ by, nick }) => [nick, by])
          .sort()
      ).toEqual([
        ["dave", "alice"],
        ["eve", "bob"]
      ])
      // Carol has not asked for either of them.
      expect([...say(carol, "team", "hm").without].sort()).toEqual(["dave", "eve"])
      for (const person of [alice, bob, carol]) join(person, "team")
      say(carol, "team", "welcome")
      for (const person of [alice, bob, dave, eve])
        world.until("all hear carol", () => heard(person, "team").includes("welcome"))
      done(alice.drive((machine, at) => machine.inGroups((groups, now) => groups.leave("team", now), at)))
      for (const person of [bob, carol, dave, eve])
        world.until("alice is gone", () => !members(person, "team").includes("alice"))
      const sent = say(bob, "team", "without alice")
      expect(sent.to).not.toContain("alice")
      for (const person of [carol, dave, eve])
        world.until("the others hear it", () => heard(person, "team").includes("without alice"))
      world.pass(5_000)
      for (const person of [bob, carol, dave, eve]) expect(members(person, "team")).not.toContain("alice")
      expect(heard(alice, "team")).not.toContain("without alice")
      expect(alice.machine.groups.list()).toEqual([])
    }
  })

  it("takes nothing from somebody who is not on the list, though they know its id", () => {
    const { world, all } = people(3, ["alice", "bob", "mallory"])
    const [alice, bob, mallory] = all as [Person, Person, Person]
    assembled(world, [alice, bob])
    const { id } = inGroup(alice, "team")!
    query(mallory, "alice")
    query(alice, "mallory")
    const peer = mallory.machine.conversations.byNick("alice")!.peer
    for (const [n, kind] of (["Text", "Joined", "Invite", "Left"] as const).entries()) {
      const group = encode({ kind, id, name: "team", members: [] })
      const message = { id: messageId(`${n}`.repeat(32)), text: `${kind} by mallory`, writtenAt: 1, group }
      mallory.drive((machine, now) => machine.peers!.sendToMember(peer, message, now))
    }
    world.until("it comes as mallory's own word", () => privately(alice).length === 1)
    world.pass(5_000)
    expect(privately(alice)).toEqual(["Text by mallory"])
    expect(heard(alice, "team")).toEqual([])
    expect(members(alice, "team")).toEqual(["bob"])
    say(alice, "team", "for bob")
    world.until("bob hears it", () => heard(bob, "team").length === 1)
    world.pass(2_000)
    expect(mallory.told("Message")).toEqual([])
    // All of it was confirmed, so nothing of it comes again.
    expect(mallory.machine.peers?.status(peer)?.undelivered).toBe(0)
  })

  it("hears nothing of a blocked member, and sends it nothing; the others go on", () => {
    const { world, all } = people(4, ["alice", "bob", "carol"])
    const [alice, bob, carol] = all as [Person, Person, Person]
    assembled(world, all)
    alice.drive((machine, at) => machine.decide((people, now) => people.block("bob", now), at))
    say(bob, "team", "from bob")
    expect(say(alice, "team", "from alice")).toMatchObject({ to: ["carol"], without: ["bob"] })
    world.until("carol hears both", () => heard(carol, "team").length === 2)
    world.pass(5_000)
    expect(heard(alice, "team")).toEqual([])
    expect(heard(bob, "team")).toEqual([])
    expect(alice.machine.groups.info(inGroup(alice, "team")!).members).toMatchObject([
      { nick: "bob", blocked: true },
      { nick: "carol", blocked: false }
    ])
  })

  it("is the same after its list was written and read again", () => {
    const { world, all } = people(5, ["alice", "bob", "carol"])
    assembled(world, all)
    for (const { machine } of all) {
      const groups = machine.contacts === undefined ? undefined : machine.groups
      expect(groups?.list()).toHaveLength(1)
    }
    for (const profile of all.flatMap(({ profiles }) => [...profiles.values()])) {
      const again = GroupsFile.fromText(GroupsFile.toText(profile.groups))
      expect(again && GroupsFile.toText(again)).toBe(GroupsFile.toText(profile.groups))
    }
  })
})
