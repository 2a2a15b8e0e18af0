import { createHash } from "node:crypto"
import { closeSync, createReadStream, mkdirSync, openSync, readdirSync, writeSync } from "node:fs"
import { join } from "node:path"
import { describe, it } from "vitest"
import { available, Lab } from "./Lab.js"
import { Table } from "./Table.js"
import { converse, happens, type Person, say } from "./Talk.js"

/** Two homes at 40 Mbit/s, 20 ms apart: slow enough that whoever looks is there before the file. */
const TOPOLOGY = `
option seed=9
host ann nat=port-restricted delay=5 rate=40
host bob nat=port-restricted delay=5 rate=40
`

/** Megabytes: seconds of the link, so that all of the trouble falls into the middle. */
const SIZE = Number(process.env.PARLEY_FILE_MB ?? 40)

/** Milliseconds without a network: the shorter one within a connection's patience (15 s), the longer one beyond it. */
const [SHORT, LONG] = [3_000, 18_000]

/** Milliseconds: some minutes on a machine that has forty things to do at a time, and more for the outages. */
const PATIENCE = 900_000 + SIZE * 8_000

// Everywhere: a file without a test is an error, and not all machines have laboratories.
it("cuts once before and once after a connection gives up", ({ expect }) => {
  expect(SHORT).toBeLessThan(15_000)
  expect(LONG).toBeGreaterThan(15_000)
})

if (available)
  describe("a file between two homes", () => {
    it(
      "arrives although the network is cut twice and the receiver is killed once, and two people talk meanwhile",
      async ({ expect, onTestFinished }) => {
        const lab = await Lab.start(TOPOLOGY)
        onTestFinished(() => lab.close())
        const [ann, bob] = (await lab.people(["ann", "bob"])) as [Person, Person]
        await converse(ann, bob, "direct")

        const downloads = lab.home("downloads")
        mkdirSync(downloads)
        const source = lab.home("film.bin")
        const hash = write(source, SIZE)
        const begun = performance.now()
        ann.program.command({ cmd: "sendFile", to: "bob", path: source })
        const offered = await news(bob, ({ state }) => state === "offered")
        bob.program.command({ cmd: "accept", id: offered.id, directory: downloads })

        const talk = new Chat(ann, bob)
        await talk.during(has(bob, 0.1))
        await lab.cut("ann-gw")
        await pause(SHORT)
        await lab.heal("ann-gw")
        await talk.during(has(bob, 0.2))

        await bob.program.kill("SIGKILL")
        expect(readdirSync(downloads).filter((name) => !name.startsWith("."))).toEqual([])
        const again: Person = (await lab.people(["bob"]))[0]!
        again.program.command({ cmd: "query", nick: "ann" })
        const first = await news(again, ({ transferred }) => transferred > 0)
        // What had arrived before is not sent again, but for a chunk or two and what a kill leaves unwritten.
        expect(first.transferred / first.size).toBeGreaterThan(0.15)
        const more = new Chat(ann, again)
        await more.during(has(again, 0.5))
        await lab.cut("bob-gw")
        await pause(LONG)
        await lab.heal("bob-gw")
        await more.during(news(again, ({ state }) => state === "done"))
        await news(ann, ({ state }) => state === "done")

        expect(await hashOf(join(downloads, "film.bin"))).toBe(hash)
        expect(readdirSync(downloads)).toEqual(["film.bin"])
        const table = new Table(
          `A file of ${SIZE} MB between two homes (40 Mbit/s, 20 ms): how long until a message was shown`,
          ["when", "messages", "median", "longest"]
        )
        talk.report("until the receiver was killed", table)
        more.report("after that", table)
        table.add("the file", "", "", performance.now() - begun)
        table.print()
      },
      PATIENCE
    )
  })

/** One says something, and the next word follows when it was shown, as long as something else goes on. */
class Chat {
  private readonly delays: Array<number> = []

  constructor(
    private readonly from: Person,
    private readonly to: Person
  ) {}

  async during<A>(what: Promise<A>): Promise<A> {
    let over = false
    const watched = what.finally(() => {
      over = true
    })
    while (!over) {
      const text = `word ${words++}`
      const begun = performance.now()
      say(this.from, this.to, text)
      await happens(
        this.to,
        `${this.to.nick} shows "${text}"`,
        (event) => event.event === "message" && event.text === text
      )
      this.delays.push(performance.now() - begun)
      await pause(BREATH)
    }
    return watched
  }

  report(when: string, table: Table): void {
    const sorted = this.delays.toSorted((a, b) => a - b)
    table.add(when, String(sorted.length), sorted[Math.floor(sorted.length / 2)]!, sorted.at(-1)!)
  }
}

let words = 0

/** Milliseconds between a word that was heard and the next one. */
const BREATH = 100

interface News {
  readonly id: string
  readonly state: string
  readonly size: number
  readonly transferred: number
}

/** The first news of the transfer that is `wanted`, now or later. */
const news = async (person: Person, wanted: (transfer: News) => boolean): Promise<News> => {
  const isNews = (event: object): event is News => "event" in event && event.event === "transfer"
  const event = await person.program.until(`news of a file for ${person.nick}`, () =>
    person.program.events().find((event) => isNews(event) && wanted(event))
  )
  return event as unknown as News
}

const has = (person: Person, share: number): Promise<News> =>
  news(person, ({ size, transferred }) => transferred >= share * size)

/** Makes a file of so many megabytes, of which no two are the same, and gives its hash. */
const write = (path: string, megabytes: number): string => {
  const file = openSync(path, "wx")
  const hash = createHash("sha256")
  const block = Buffer.alloc(1_000_000)
  for (let at = 0; at < megabytes; at++) {
    const seed = createHash("sha256").update(String(at)).digest()
    for (let to = 0; to < block.length; to += seed.length) block.set(seed, to)
    hash.update(block)
    writeSync(file, block)
  }
  closeSync(file)
  return hash.digest("hex")
}

const hashOf = async (path: string): Promise<string> => {
  const hash = createHash("sha256")
  for await (const part of createReadStream(path)) hash.update(part)
  return hash.digest("hex")
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
