import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as ContactsProgram from "../../src/cli/ContactsProgram.js"
import type { ContactsSettings } from "../../src/cli/commands/Contacts.js"
import * as Profile from "../../src/client/Profile.js"
import * as Fingerprint from "../../src/domain/Fingerprint.js"
import * as Nickname from "../../src/domain/Nickname.js"
import { peerIdOf } from "../../src/domain/PeerId.js"
import { Disk } from "../../src/layers/memory/Disk.js"
import * as MemoryStore from "../../src/layers/memory/Store.js"
import * as Memory from "../../src/layers/memory/Terminal.js"
import * as NodeCrypto from "../../src/layers/node/Crypto.js"
import * as NodeEntropy from "../../src/layers/node/Entropy.js"
import { Crypto } from "../../src/services/Crypto.js"
import { Terminal } from "../../src/services/Terminal.js"

const ALICE = Either.getOrThrow(Nickname.parse("alice"))
const BOB = new Uint8Array(32).fill(7)

const services = (disk: Disk) =>
  Layer.provideMerge(Profile.layer, Layer.mergeAll(MemoryStore.layerOn(disk), NodeCrypto.layer, NodeEntropy.layer))

/** Runs one command on a disk: what it wrote, or why it failed. */
const command = (disk: Disk, action: ContactsSettings["action"], who = "", digits = "", json = false) =>
  Effect.gen(function* () {
    const terminal = yield* Memory.make()
    const settings = { action, who, digits, json, names: false, nick: "alice", home: "/memory" }
    const failure = yield* ContactsProgram.run(settings).pipe(
      Effect.provide(services(disk)),
      Effect.provideService(Terminal, terminal.terminal),
      Effect.match({ onFailure: (error) => error, onSuccess: () => undefined })
    )
    return failure === undefined ? terminal.output() : failure
  })

/** The profile of somebody who has talked to bob; `use` has it open. */
const acquainted = (disk: Disk, use: Effect.Effect<void> = Effect.void) =>
  Effect.scoped(
    Effect.gen(function* () {
      const crypto = yield* Crypto
      const profile = yield* (yield* Profile.Profiles).open(ALICE)
      const peer = peerIdOf(BOB)
      const fingerprint = Fingerprint.of(crypto, BOB)
      profile.contacts.meet({ peer, fingerprint, nick: "bob", now: 1 })
      profile.contacts.name(peer, "bob")
      profile.contacts.update(peer, { lastTalked: 2 })
      yield* profile.keep
      yield* use
      return fingerprint
    })
  ).pipe(Effect.provide(services(disk)))

const test = (title: string, body: (disk: Disk) => Effect.Effect<void, unknown>) =>
  it.live(title, () => body(new Disk()))

describe("parley contacts", () => {
  test("lists, shows, verifies by what was compared, and takes it back", (disk) =>
    Effect.gen(function* () {
      const fingerprint = yield* acquainted(disk)
      expect(yield* command(disk, "list")).toMatch(
        new RegExp(`^ {2}bob {2}${fingerprint} {2}known since .*not verified\n$`)
      )
      const shown = String(yield* command(disk, "show", "bob"))
      const pair = /(?:\d{5}[ \n]+){12}/.exec(shown.replaceAll(fingerprint, ""))![0].replace(/\s+/g, " ").trim()
      expect(yield* command(disk, "verify", "bob", "00000")).toMatchObject({ exitCode: 5 })
      expect(yield* command(disk, "verify", "bob", "12")).toMatchObject({ exitCode: 5 })
      for (const digits of [fingerprint.slice(0, 5), fingerprint, pair]) {
        expect(yield* command(disk, "verify", "bob", digits)).toBe("* bob is verified\n")
        expect(yield* command(disk, "list")).toContain(", verified\n")
        expect(yield* command(disk, "unverify", fingerprint)).toContain("not verified any more")
        expect(yield* command(disk, "list")).toContain(", not verified\n")
      }
    }))

  test("blocks, also a key that was never seen, unblocks and forgets", (disk) =>
    Effect.gen(function* () {
      yield* acquainted(disk)
      expect(yield* command(disk, "block", "Bob")).toBe("* Bob is blocked\n")
      expect(yield* command(disk, "list")).toContain("blocked, known")
      expect(yield* command(disk, "unblock", "bob")).toBe("* bob is blocked no longer\n")
      expect(yield* command(disk, "list")).not.toContain("blocked")
      const stranger = "12345 12345 12345 12345 12345 12345"
      expect(yield* command(disk, "unblock", stranger)).toMatchObject({ exitCode: 3 })
      expect(yield* command(disk, "block", stranger)).toContain("is blocked")
      expect(yield* command(disk, "unblock", stranger)).toContain("is blocked no longer")
      expect(yield* command(disk, "forget", "bob")).toBe("* bob is forgotten\n")
      expect(yield* command(disk, "list")).toBe("you know nobody yet\n")
      expect(yield* command(disk, "forget", "bob")).toMatchObject({ exitCode: 3 })
    }))

  test("speaks JSON as JSON mode does", (disk) =>
    Effect.gen(function* () {
      const fingerprint = yield* acquainted(disk)
      expect(JSON.parse(String(yield* command(disk, "list", "", "", true)))).toEqual({
        event: "contacts",
        contacts: [{ nick: "bob", fingerprint, trust: "known", since: 1, lastTalked: 2, blocked: false }]
      })
      expect(JSON.parse(String(yield* command(disk, "verify", "bob", fingerprint, true)))).toEqual({
        event: "ok",
        cmd: "verify"
      })
    }))

  test("looks on while a client runs under the nickname, and changes nothing then", (disk) =>
    Effect.gen(function* () {
      yield* acquainted(
        disk,
        Effect.gen(function* () {
          expect(yield* command(disk, "list")).toContain("  bob  ")
          expect(yield* command(disk, "show", "bob")).toContain("the number of bob and you")
          expect(yield* command(disk, "block", "bob")).toMatchObject({
            message: expect.stringContaining("say /block there")
          })
        })
      )
      expect(yield* command(disk, "list")).not.toContain("blocked")
    }))

  test("makes no profile where there is none", (disk) =>
    Effect.gen(function* () {
      expect(yield* command(disk, "list")).toMatchObject({
        message: expect.stringContaining("there is no profile of alice")
      })
      expect(disk.names()).toEqual([])
    }))
})
