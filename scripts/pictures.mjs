// @ts-check
// Takes the pictures of docs/pictures: `node scripts/pictures.mjs [FOLDER]` plays a talk with the built program, in a
// real terminal (tmux), and writes what stands on its screen as SVG. Nothing is drawn that was not seen.
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"
import { setTimeout as sleep } from "node:timers/promises"
import { clear, start, Tmux, work } from "./pictures/stage.mjs"
import { draw, screenOf } from "./pictures/svg.mjs"
import { ROOT } from "./source.mjs"

/**
 * The talk: a session that begins, two who talk, a file, and a third who writes meanwhile.
 *
 * @param {string} server
 */
const play = async (server) => {
  const person = (/** @type {string} */ nick, /** @type {Array<string>} */ ...more) =>
    start(["client", "--json", "--nick", nick, "--server", server, "--home", join(work, nick), ...more])
  const bob = person("bob", "--accept", "all", "--downloads", work, "--read-receipts")
  const carol = person("carol")
  await Promise.all([bob, carol].map((each) => each.says(/"event":"registered"/)))
  const size = { columns: 84, rows: 24 }
  const terminal = new Tmux(size, ["client", "--server", server, "--home", join(work, "alice")])
  /** @type {Array<{ screen: import("./pictures/svg.mjs").Screen, seconds: number }>} */
  const frames = []
  const seen = () => screenOf(terminal.painted(), size)
  const take = async (/** @type {number} */ seconds) => frames.push({ screen: await seen(), seconds })
  /** Types a line as a person does, and shows it. */
  const say = async (/** @type {string} */ line, /** @type {RegExp} */ until) => {
    for (const part of line.match(/.{1,20}/g) ?? []) {
      terminal.type(part)
      await sleep(60)
      await take(0.2)
    }
    await take(0.5)
    terminal.press("Enter")
    await terminal.shows(until)
    await take(1.2)
  }

  await terminal.shows(/nickname>/)
  await take(1.5)
  await say("alice", /you are alice/)
  await say("list", /carol/)
  await say("query bob", /connected to bob/)
  bob.command({ cmd: "query", nick: "alice" })
  await bob.says(/"event":"mutual"/)
  await say("are you there?", /✓/)
  bob.command({ cmd: "send", to: "alice", text: "yes! Did the train arrive on time?" })
  await terminal.shows(/on time/)
  await take(1.5)
  await say("half past eight, in front of the station", /✓ *\n/)
  writeFileSync(join(work, "tickets.pdf"), Buffer.alloc(300_000, 7))
  await say(
    `/send ${join(work, "tickets.pdf").replace(work, "~")}`,
    /has .*tickets\.pdf|tickets\.pdf .*(arrived|there|has)/
  )
  bob.command({ cmd: "send", to: "alice", text: "got the tickets, thanks" })
  await terminal.shows(/got the tickets/)
  await take(1.5)
  carol.command({ cmd: "query", nick: "alice" })
  await carol.says(/"event":"peer"/)
  carol.command({ cmd: "send", to: "alice", text: "alice, may I come along?" })
  await terminal.shows(/may I come/)
  await take(3)
  const talk = await seen()
  terminal.type("\u001bF")
  await terminal.shows(/│/)
  await terminal.shows(/→1 bob/)
  await take(2.5)
  bob.command({ cmd: "send", to: "alice", text: "I am at platform 3. Carol is somewhere here, too" })
  await terminal.shows(/platform 3/)
  await say("tell her to wait for us", /for us ✓/)
  bob.command({ cmd: "send", to: "alice", text: "I will; look at https://example.org/platforms for the way" })
  await terminal.shows(/the way/)
  const full = await seen()
  await take(2)
  await say("query carol", /→2 carol/)
  await terminal.shows(/come along/)
  await take(3)
  terminal.close()
  return { size, talk, full, frames }
}

const main = async () => {
  const folder = process.argv[2] ?? join(ROOT, "docs", "pictures")
  const server = start(["server", "--host", "127.0.0.1", "--port", "0"])
  const [, address = ""] = await server.says(/(127\.0\.0\.1:\d+)/)
  const { frames, full, size, talk } = await play(address)
  mkdirSync(folder, { recursive: true })
  const still = (/** @type {import("./pictures/svg.mjs").Screen} */ screen) => [{ screen, seconds: 1 }]
  writeFileSync(join(folder, "talk.svg"), draw("parley: a talk", size, still(talk)))
  writeFileSync(join(folder, "full.svg"), draw("parley --full: a screen of its own", size, still(full)))
  writeFileSync(join(folder, "session.svg"), draw("parley: a session", size, frames))
}

try {
  await main()
} finally {
  await clear()
}
