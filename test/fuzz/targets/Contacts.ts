import * as assert from "node:assert/strict"
import * as fc from "fast-check"
import { Contacts } from "../../../src/core/client/Contacts.js"
import * as ContactsFile from "../../../src/core/client/ContactsFile.js"
import { Fingerprint } from "../../../src/domain/Fingerprint.js"
import { peerIdOf } from "../../../src/domain/PeerId.js"
import { whole } from "../../support/slices.js"
import type { Target } from "../Target.js"

const optionally = <A>(value: fc.Arbitrary<A>) => fc.option(value, { nil: undefined })

const contact = fc.record({
  identity: fc.nat(9).map((n) => peerIdOf(new Uint8Array(32).fill(n))),
  fingerprint: fc.constant(Fingerprint.make("12345 67890 12345 67890 12345 67890")),
  nick: fc.string({ maxLength: 10 }),
  names: fc.array(fc.string({ maxLength: 10 }), { maxLength: 3 }),
  firstSeen: fc.nat(),
  lastTalked: optionally(fc.nat()),
  verifiedAt: optionally(fc.nat()),
  consented: fc.boolean(),
  record: optionally(fc.record({ sequence: fc.nat(), nick: fc.string({ maxLength: 5 }), until: fc.nat() }))
})

/** The file of the people whom one knows, unsealed, and the one that earlier versions kept them in. */
export const target: Target = {
  about: ["src/core/client/Contacts.ts", "src/core/client/ContactsFile.ts"],
  inputs: fc.array(contact, { maxLength: 4 }).map((people) => whole(ContactsFile.toText(new Contacts(people)))),
  words: ['"version":1', '"peers":[', '"contacts":[', '"blocked":[', '"key":"', '"firstSeen":', "1e999", "-1e999"],
  json: true,
  most: 2_000,
  run: (input) => {
    const file = Buffer.from(input).toString()
    const now = ContactsFile.fromText(file)
    const contacts = now ?? ContactsFile.decodeKnownPeers(file)
    if (contacts === undefined) return []
    const text = whole(ContactsFile.toText(contacts))
    const again = ContactsFile.fromText(text)
    const read = again && (JSON.parse(whole(ContactsFile.toText(again))) as unknown)
    assert.deepEqual(read, JSON.parse(text), "what was read can be written")
    for (const { identity, names } of contacts.all())
      for (const name of names) assert.equal(contacts.owner(name)?.identity, identity, "a nickname has one owner")
    return [now === undefined ? "old" : "new"]
  }
}
