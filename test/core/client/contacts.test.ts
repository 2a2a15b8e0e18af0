import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Contacts, MAX_CONTACTS, MAX_NAMES } from "../../../src/core/client/Contacts.js"
import * as ContactsFile from "../../../src/core/client/ContactsFile.js"
import { SALT_BYTES } from "../../../src/core/journal/SealedFile.js"
import * as Fingerprint from "../../../src/domain/Fingerprint.js"
import * as Nickname from "../../../src/domain/Nickname.js"
import { type PeerId, peerIdOf } from "../../../src/domain/PeerId.js"
import { crypto } from "../../../src/layers/node/Crypto.js"
import { some } from "../../support/Effort.js"
import { slicesOf, whole } from "../../support/slices.js"

const SECRET = new Uint8Array(32).fill(9)

const person = (number: number) => {
  const key = new Uint8Array(32)
  new DataView(key.buffer).setUint32(0, number)
  return { peer: peerIdOf(key), fingerprint: Fingerprint.of(crypto, key), nick: `n${number}`, now: number }
}

const [bob, carol] = [person(1), person(2)]

const reread = (contacts: Contacts) =>
  ContactsFile.decode(crypto, SECRET, whole(ContactsFile.encode(crypto, SECRET, new Uint8Array(SALT_BYTES), contacts)))!

describe("contacts", () => {
  it("tell whom our user has ever asked for, and not who was only blocked", () => {
    const contacts = new Contacts()
    for (const number of [1, 2, 3, 4]) contacts.meet(person(number))
    contacts.update(person(1).peer, { consented: true })
    contacts.update(person(2).peer, { lastTalked: 5, blockedAt: 6, chosenAt: 7 })
    contacts.name(person(3).peer, "dave")
    contacts.update(person(4).peer, { blockedAt: 6 })
    expect(contacts.asked()).toEqual([1, 2, 3].map((number) => person(number).peer))
    contacts.forget(person(1).peer)
    expect(contacts.asked()).toHaveLength(2)
  })

  it("give a nickname to one person at a time, as the model says, and read back what they wrote", () => {
    const nick = fc.oneof(
      fc.constantFrom("bob", "BOB", "b\u043eb", "AIice", "alice", "aiice", "__proto__", "constructor", "dave"),
      fc.string({ maxLength: 40 })
    )
    const step = fc.tuple(fc.constantFrom("name", "forget"), fc.constantFrom(1, 2, 3), nick)
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const contacts = new Contacts()
        const owners = new Map<string, PeerId>()
        for (const [what, number, name] of steps) {
          const one = person(number)
          if (what === "forget") {
            contacts.forget(one.peer)
            for (const [key, peer] of owners) if (peer === one.peer) owners.delete(key)
          } else {
            contacts.meet(one)
            contacts.name(one.peer, name)
            owners.delete(Nickname.key(name))
            owners.set(Nickname.key(name), one.peer)
          }
          const names = contacts
            .all()
            .flatMap((contact) => contact.names.map((own) => [Nickname.key(own), contact.identity]))
          expect(new Set(names.map(([key]) => key)).size, "nobody shares a nickname").toBe(names.length)
          for (const [key, peer] of names) {
            expect(owners.get(key!)).toBe(peer)
            expect(contacts.owner(key!)?.identity).toBe(peer)
          }
          for (const { names: own } of contacts.all()) expect(own.length).toBeLessThanOrEqual(MAX_NAMES)
        }
        expect(reread(contacts).all()).toEqual(contacts.all())
      }),
      { numRuns: some(300) }
    )
  })

  it("know whose nickname one looks like, however it is written by whom", () => {
    const contacts = new Contacts()
    contacts.meet(bob)
    contacts.name(bob.peer, "alice")
    expect(contacts.owner("AIice")).toBeUndefined()
    expect(contacts.ownerOfLookalike("AIice")?.identity).toBe(bob.peer)
    expect(contacts.ownerOfLookalike("Alice"), "the very nickname is no lookalike").toBeUndefined()
    contacts.meet(carol)
    contacts.name(carol.peer, "AIice")
    expect(contacts.owner("alice")?.identity, "nothing was taken").toBe(bob.peer)
    contacts.name(carol.peer, "aiice")
    expect(contacts.ownerOfLookalike("alice"), "it is not written like that any more").toBeUndefined()
    contacts.forget(bob.peer)
    expect(contacts.ownerOfLookalike("AIice")).toBeUndefined()
  })

  it("keep the first nickname and the latest ones of somebody who changes it all the time", () => {
    const contacts = new Contacts()
    contacts.meet(bob)
    for (let i = 0; i < 20; i++) contacts.name(bob.peer, `b${i}`)
    expect(contacts.get(bob.peer)?.names).toEqual(["b19", "b18", "b17", "b16", "b15", "b14", "b13", "b0"])
    expect(contacts.owner("b5")).toBeUndefined()
  })

  it("refuse more people than they can hold, and lose nobody", () => {
    const contacts = new Contacts(
      Array.from({ length: MAX_CONTACTS }, (_, i) => {
        const { fingerprint, nick, now, peer } = person(i)
        return { identity: peer, fingerprint, nick, names: [nick], firstSeen: now, consented: true }
      })
    )
    expect(contacts.meet(person(MAX_CONTACTS))).toBeUndefined()
    expect(contacts.meet(bob)).toMatchObject({ firstSeen: 1 })
    expect(reread(contacts).all()).toHaveLength(MAX_CONTACTS)
    // Written down again after each change, while others have their turns.
    expect(slicesOf(ContactsFile.toText(contacts))).toBeGreaterThanOrEqual(MAX_CONTACTS / 1_024)
  })

  it("block keys that they never saw", () => {
    const contacts = new Contacts()
    expect(contacts.blockKey(bob.fingerprint)).toBe(true)
    const again = reread(contacts)
    expect([again.isBlocked(bob.peer, bob.fingerprint), again.isBlocked(carol.peer, carol.fingerprint)]).toEqual([
      true,
      false
    ])
    expect([again.unblockKey(bob.fingerprint), again.unblockKey(bob.fingerprint)]).toEqual([true, false])
  })

  it("never throw on a file", () => {
    const text = fc.oneof(fc.string(), fc.json())
    fc.assert(fc.property(text, (content) => void ContactsFile.decodeKnownPeers(content)))
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void ContactsFile.decode(crypto, SECRET, bytes))
    )
  })
})
