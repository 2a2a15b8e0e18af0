import { randomBytes } from "node:crypto"
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Bytes from "../../../src/protocol/Bytes.js"
import * as FileRecord from "../../../src/protocol/FileRecord.js"
import { equal, must, pause, there, waits } from "../Check.js"
import { freshNick } from "../Person.js"
import { type Offered, offered, sendAll } from "./Content.js"
import type { ClientCheck } from "./Context.js"
import type { ForeignPeer } from "./ForeignPeer.js"
import { alive } from "./Invited.js"
import { mutual } from "./Inviter.js"
import type { Link } from "./Link.js"
import type { Event, Running } from "./Running.js"
import type { Transfer } from "./Transfer.js"

/** What a check has to do with. */
interface Scene {
  readonly link: Link
  readonly peer: ForeignPeer
  readonly running: Running
  /** Ours: the client has begun the handshake. */
  readonly transfer: Transfer
  /** An empty folder for what is accepted. */
  readonly directory: string
}

const check = (
  rule: string,
  says: string,
  run: (scene: Scene) => Promise<void>,
  also?: ReadonlyArray<string>
): ClientCheck => ({
  rule,
  says,
  words: true,
  part: "files",
  ...(also === undefined ? {} : { also }),
  run: mutual((link, peer, running) => {
    const directory = join(running.home, freshNick())
    mkdirSync(directory)
    return run({ link, peer, running, transfer: link.transfer(2), directory })
  })
})

const isOf =
  ({ offer }: Offered, state?: string) =>
  (event: Event) =>
    event.id === Bytes.toHex(offer.id) && (state === undefined || event.state === state)

/** Offers it, and waits until the user is told; gives what they are told. */
const show = async ({ running, transfer }: Scene, one: Offered): Promise<Event> => {
  transfer.write(one.offer)
  return running.next("transfer", isOf(one, "offered"))
}

const accept = async ({ directory, running }: Scene, { offer }: Offered): Promise<void> => {
  const answer = await running.ask({ cmd: "accept", id: Bytes.toHex(offer.id), directory })
  equal(answer.event, "ok", "the answer to accept")
}

/** Offers it, and has it accepted. */
const begin = async (scene: Scene, one: Offered): Promise<void> => {
  await show(scene, one)
  await accept(scene, one)
  equal((await scene.transfer.next("Accept")).contents, true, "whether manifest and leaves are asked for")
}

const done = async ({ running, transfer }: Scene, one: Offered): Promise<string> => {
  await transfer.records.take(({ _tag }) => _tag === "Done", "DONE")
  await transfer.ends.take()
  transfer.finish()
  return String((await running.next("transfer", isOf(one, "done"))).path)
}

/** Nothing is left where it was to go, soon. */
const nothingIn = async (directory: string): Promise<void> => {
  for (let waited = 0; waited < waits.patience && readdirSync(directory).length > 0; waited += 50) await pause(50)
  equal(readdirSync(directory), [], "what lies in the folder")
}

/** The client gives the stream up with this code when `spoil` has sent something wrong for an accepted offer. */
const spoiled = (
  rule: string,
  says: string,
  code: number,
  spoil: (one: Offered, transfer: Transfer) => void,
  one: () => Offered = () => offered("a.txt", randomBytes(2_000))
): ClientCheck =>
  check(rule, says, async (scene) => {
    const what = one()
    await begin(scene, what)
    spoil(what, scene.transfer)
    await scene.transfer.givenUp(code)
    await scene.running.next("transfer", isOf(what, "failed"))
    await nothingIn(scene.directory)
    await alive(scene.link)
  })

const content: ReadonlyArray<ClientCheck> = [
  check("3.8-13", "tells its user of an offer, and answers nothing before they do", async (scene) => {
    const event = await show(scene, offered("a.txt", randomBytes(2_000)))
    equal(
      [event.peer, event.direction, event.kind, event.name, event.size, event.files],
      [scene.peer.who.nick, "in", "file", "a.txt", 2_000, 1],
      "what the user is told"
    )
    await alive(scene.link)
    await scene.transfer.records.none(() => true, "it answered")
  }),
  check(
    "3.8-16",
    "stores what was offered, and says SAVED and DONE, and the end",
    async (scene) => {
      const bytes = randomBytes(40_000)
      const one = offered("b.bin", bytes)
      await begin(scene, one)
      sendAll(one, scene.transfer)
      must(Bytes.equal(readFileSync(await done(scene, one)), bytes), "other bytes were stored")
    },
    ["3.8-17", "3.8-4", "3.8-11", "3.8-15"]
  ),
  check("3.8-3", "has no chunks for an empty file", async (scene) => {
    const one = offered("empty", new Uint8Array(0))
    await begin(scene, one)
    sendAll(one, scene.transfer)
    equal(readFileSync(await done(scene, one)).length, 0, "the length of the file")
  }),
  check(
    "3.8-7",
    "stores a folder of version 2",
    async (scene) => {
      const one = offered("photos", { "a.txt": Bytes.fromText("one"), "deep/b.txt": Bytes.fromText("two") })
      await begin(scene, one)
      sendAll(one, scene.transfer)
      const path = await done(scene, one)
      const texts = ["a.txt", "deep/b.txt"].map((file) => readFileSync(join(path, file), "utf8"))
      equal(texts, ["one", "two"], "the files")
    },
    ["3.8-5"]
  ),
  check("3.8-4", "takes a folder of version 1", async (scene) => {
    const one = offered("photos", { "a.txt": Bytes.fromText("one"), "deep/b.txt": Bytes.fromText("two") }, 1)
    await begin(scene, one)
    sendAll(one, scene.transfer)
    equal(readFileSync(join(await done(scene, one), "deep/b.txt"), "utf8"), "two", "a file")
  }),
  spoiled("3.8-15", "gives up with 4 what is not what the root says, before a byte of it", 4, (one, transfer) => {
    const contents = one.contents.slice()
    contents[contents.length - 1]! ^= 1
    transfer.write({ _tag: "Contents", last: true, bytes: contents })
  }),
  spoiled("3.8-16", "gives up with 4 a chunk that is another one", 4, (one, transfer) => {
    sendAll({ ...one, chunks: one.chunks.map((chunk) => chunk.map((byte) => byte ^ 1)) }, transfer)
  }),
  spoiled("3.8-18", "gives up with 3 a chunk out of its turn", 3, (one, transfer) => {
    transfer.write({ _tag: "Contents", last: true, bytes: one.contents })
    transfer.write({ _tag: "Chunk", index: 1 })
  }),
  spoiled("3.8-18", "gives up with 3 an end before everything is there", 3, (one, transfer) => {
    transfer.write({ _tag: "Contents", last: true, bytes: one.contents })
    transfer.finish()
  }),
  spoiled(
    "3.8-9",
    "gives up with 4 a folder that has more to run than its offer says",
    4,
    ({ contents }, transfer) => transfer.write({ _tag: "Contents", last: true, bytes: contents }),
    () => {
      const one = offered("photos", { "a.txt": Bytes.fromText("one"), ".envrc": Bytes.fromText("two") })
      return { ...one, offer: { ...one.offer, risks: 0 } }
    }
  ),
  check("3.8-21", "makes a safe name of what a sender says, and overwrites nothing", async (scene) => {
    const name = "../../evil\u202e\u0007.txt"
    const one = offered(name, Bytes.fromText("theirs"))
    await begin(scene, one)
    sendAll(one, scene.transfer)
    const path = await done(scene, one)
    must(path.startsWith(scene.directory), `it lies at ${path}`)
    must(!existsSync(join(scene.directory, name)), "it lies where the sender said")
    must(/^[^\p{C}/]+$/u.test(path.slice(scene.directory.length + 1)), "the name shows characters that hide")
    writeFileSync(path, "ours")
    const again = { ...one, offer: { ...one.offer, id: randomBytes(16) } }
    const second = { ...scene, transfer: scene.link.transfer(4) }
    await begin(second, again)
    sendAll(again, second.transfer)
    equal(readFileSync(await done(second, again), "utf8"), "theirs", "what came")
    equal(readFileSync(path, "utf8"), "ours", "what was there")
  })
]

const records: ReadonlyArray<ClientCheck> = [
  check("5-3", "skips records of a transfer that it does not know", async (scene) => {
    const one = offered("a.txt", randomBytes(100))
    const unknown = Uint8Array.of(4, 240, 1, 2, 3)
    await show(scene, one)
    scene.transfer.send(unknown)
    await accept(scene, one)
    await scene.transfer.next("Accept")
    scene.transfer.send(unknown)
    sendAll(one, scene.transfer)
    await done(scene, one)
  }),
  check("5-3", "gives up with 7 an offer of a later version", async ({ transfer }) => {
    transfer.send(Uint8Array.of(40, 1, 3, ...randomBytes(38)))
    await transfer.givenUp(7)
  }),
  check("3.8-7", "passes over what stands behind the name of an offer of version 2", async (scene) => {
    const one = offered("a.txt", randomBytes(100))
    // What the user is shown is the name alone.
    scene.transfer.send(longer(one))
    equal((await scene.running.next("transfer", isOf(one, "offered"))).name, "a.txt", "the name")
  }),
  check("3.8-18", "gives up with 3 a stream that begins with no offer", async ({ link, transfer }) => {
    transfer.write({ _tag: "Accept", contents: true, have: new Uint8Array(0) })
    await transfer.givenUp(3)
    await alive(link)
  }),
  check("3.8-12", "gives up with 3 a record of more than 2,048 bytes before the answer", async (scene) => {
    await show(scene, offered("a.txt", randomBytes(100)))
    scene.transfer.send(Uint8Array.of(0x48, 1, 240, ...new Uint8Array(2_048)))
    await scene.transfer.givenUp(3)
  }),
  check("3.8-12", "gives up with 11 a stream whose first record does not end within 10 s", async ({ transfer }) => {
    transfer.send(Uint8Array.of(40, 1))
    equal(await transfer.resets.take(undefined, "RESET", 2 * waits.patience), 11, "the code of RESET")
  }),
  check(
    "3.8-13",
    "says DECLINE when its user does not want it, and the end",
    async (scene) => {
      const one = offered("a.txt", randomBytes(100))
      await show(scene, one)
      await scene.running.ask({ cmd: "decline", id: Bytes.toHex(one.offer.id) })
      equal((await scene.transfer.next("Decline")).reason, 0, "the reason")
      await scene.transfer.ends.take()
    },
    ["3.8-17"]
  ),
  check("3.8-18", "says RESET 2 when its user cancels, and goes on", async (scene) => {
    const one = offered("a.txt", randomBytes(100))
    await begin(scene, one)
    await scene.running.ask({ cmd: "cancel", id: Bytes.toHex(one.offer.id) })
    await scene.transfer.givenUp(2)
    await alive(scene.link)
    await nothingIn(scene.directory)
  }),
  check("3.8-18", "ends a transfer, and nothing else, with the sender's RESET 2", async (scene) => {
    const one = offered("a.txt", randomBytes(100))
    await begin(scene, one)
    scene.transfer.reset(2)
    await scene.running.next("transfer", isOf(one, "cancelled"))
    await alive(scene.link)
  }),
  check("3.8-11", "says that it pauses, and that it goes on", async (scene) => {
    const one = offered("a.txt", randomBytes(100))
    await begin(scene, one)
    for (const [cmd, paused] of [
      ["pause", true],
      ["resume", false]
    ] as const) {
      await scene.running.ask({ cmd, id: Bytes.toHex(one.offer.id) })
      equal((await scene.transfer.next("Pause")).paused, paused, `PAUSE after ${cmd}`)
    }
  }),
  check(
    "3.8-14",
    "answers an offer that it had accepted by itself, and lets the latest stream count",
    async (scene) => {
      const bytes = randomBytes(3_000)
      const one = offered("a.txt", bytes)
      await begin(scene, one)
      const second = { ...scene, transfer: scene.link.transfer(4) }
      second.transfer.write(one.offer)
      await scene.transfer.givenUp(8)
      await second.transfer.next("Accept")
      const other = scene.link.transfer(6)
      other.write({ ...one.offer, name: "b.txt" })
      await other.givenUp(8)
      sendAll(one, second.transfer)
      must(Bytes.equal(readFileSync(await done(second, one)), bytes), "other bytes were stored")
    },
    ["3.8-2"]
  ),
  check("3.8-20", "says of a transfer that it has never heard of: 9", async ({ transfer }) => {
    transfer.write({ _tag: "Ask", id: randomBytes(16) })
    await transfer.givenUp(9)
  }),
  check("3.8-19", "takes an END, and ends its direction", async (scene) => {
    const one = offered("a.txt", randomBytes(100))
    await show(scene, one)
    const end = scene.link.transfer(4)
    end.write({ _tag: "End", id: one.offer.id, code: 2 })
    end.finish()
    await scene.running.next("transfer", isOf(one, "cancelled"))
    await end.ends.take()
  })
]

/** The offer with three bytes behind its name; its length takes two bytes before and after. */
const longer = ({ offer }: Offered): Uint8Array => {
  const record = there(FileRecord.encode(offer), "no such offer can be made")
  const reader = new Bytes.Reader(record)
  const length = reader.varint() + 3
  return Bytes.concat([Uint8Array.of(0x40 | (length >> 8), length & 0xff), reader.rest(), Uint8Array.of(1, 2, 3)])
}

export const receiving: ReadonlyArray<ClientCheck> = [...content, ...records]
