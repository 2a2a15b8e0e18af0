// @ts-check
// A day's use of the terminal: `node scripts/day.mjs [COLUMNSxROWS…] [--screens]` plays it with the built program in
// tmux, at 80x24, 40x15 and 200x60, and ends with 1 where something is not seen that a person should see. With
// `--screens` it prints what stood on the screen after each scene.
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"
import { clear, start, Tmux, until, work } from "./pictures/stage.mjs"

const SIZES = ["80x24", "40x15", "200x60"]
const ADDRESS = `https://example.org/${"platforms/".repeat(30)}map`
const ESCAPE = "\u001b"

/** What `rows` say, however they are broken. */
const said = (/** @type {ReadonlyArray<string>} */ rows) =>
  rows
    .map((row) => row.trim())
    .join(" ")
    .replace(/ +/g, " ")

/** Alice's screen, and what holds of it whatever happens. */
class Screen {
  #told = new Set()

  /** @param {Tmux} terminal @param {boolean} isPrinted */
  constructor(terminal, isPrinted) {
    this.terminal = terminal
    this.isPrinted = isPrinted
  }

  /** @param {RegExp} pattern */
  sees(pattern) {
    return until(pattern, () => said(this.terminal.rows()))
  }

  /** In the scrollback as well. @param {RegExp} pattern */
  saw(pattern) {
    return until(pattern, () => said(this.terminal.rows(true)))
  }

  /** The line that is typed, behind the prompt. @param {string} prompt @param {string} draft */
  async line(prompt, draft = "") {
    const wanted = `${prompt}> ${draft}`.trim()
    const at = new RegExp(`${wanted.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll(" ", "\\s+")}$`)
    await until(at, () => said(this.terminal.rows()))
  }

  /** The end of a scene: nothing that was said stands there twice, nor is anything garbled. @param {string} name */
  async scene(name) {
    const { columns, rows } = this.terminal.size
    const seen = this.terminal.rows()
    if (this.isPrinted) console.log([`─── ${columns}x${rows}: ${name}`, ...seen].join("\n"))
    else console.log(`${columns}x${rows}: ${name}`)
    const standing = seen.filter((row) => row.startsWith("── ")).length
    if (standing > 1) throw new Error(`how things are stands ${standing} times on the screen:\n${seen.join("\n")}`)
    const all = said(this.terminal.rows(true))
    for (const word of this.#told) {
      const count = all.split(String(word)).length - 1
      if (count !== 1) throw new Error(`"${word}" stands ${count} times on the screen and above it:\n${all}`)
    }
    if (/\ufffd|undefined|\[object/.test(all)) throw new Error(`something is garbled:\n${all}`)
    this.#told.clear()
  }

  /** Something that is said once in this scene; whoever turns to a conversation sees it again. @param {string} word */
  once(word) {
    this.#told.add(word)
    return word
  }
}

/**
 * The day: the first start, a talk with two people, a group, a file, a paste, the window dragged, and leaving.
 *
 * @param {{ columns: number, rows: number }} size @param {string} server @param {boolean} isPrinted
 */
const play = async (size, server, isPrinted) => {
  const at = `${size.columns}`
  const home = (/** @type {string} */ nick) => join(work, `${nick}${at}`)
  const person = (/** @type {string} */ nick) =>
    start([
      "client",
      "--json",
      "--nick",
      nick,
      "--server",
      server,
      "--home",
      home(nick),
      "--accept",
      "all",
      "--downloads",
      work
    ])
  const [bob, carol] = [person("bob"), person("carol")]
  await Promise.all([bob, carol].map((each) => each.says(/"event":"registered"/)))
  const terminal = new Tmux(size, ["client", "--server", server, "--home", home("alice")])
  const screen = new Screen(terminal, isPrinted)
  const asks = { cmd: "query", nick: "alice" }
  const says = (/** @type {typeof bob} */ who, /** @type {string} */ text) =>
    who.command({ cmd: "send", to: "alice", text })

  await screen.line("nickname")
  terminal.enter("help")
  await screen.sees(/say what looks like a command/)
  terminal.enter("lsit")
  await screen.sees(/did you mean \/list\? To be called lsit, press Enter again/)
  terminal.press("C-u")
  terminal.enter("alice")
  await screen.sees(/you are alice/)
  await screen.line("alice")
  await screen.scene("the first start: a word for the program does not become a nickname")

  terminal.enter("list")
  await screen.sees(/bob .* carol/)
  terminal.enter("qeury bob")
  await screen.sees(/Did you mean \/query bob\?/)
  await screen.line("alice", "qeury bob")
  terminal.press("C-u")
  terminal.enter("query bob")
  await screen.sees(/connected to bob/)
  bob.command(asks)
  await bob.says(/"event":"mutual"/)
  await screen.sees(/you can both write/)
  await screen.line("alice → bob")
  await screen.scene("who is there, and a call that is answered")

  terminal.enter(screen.once("are you there?"))
  await screen.sees(/are you there\? ✓/)
  terminal.type("half a line")
  says(bob, screen.once("yes, 漢字 and ภาษาไทย, and more words than a row of a small screen has"))
  await screen.sees(/a small screen has/)
  await screen.line("alice → bob", "half a line")
  terminal.press("C-u")
  terminal.enter(`${screen.once("the way is")} ${ADDRESS}`)
  await screen.sees(/map ✓/)
  says(bob, screen.once("found it"))
  await screen.sees(/found it/)
  const rows = terminal.rows(true).join("")
  if (rows.split(ADDRESS).length !== 2) throw new Error(`the address is not there in one piece, once:\n${rows}`)
  terminal.enter("hlep")
  await screen.sees(/not sent, as it looks like the command \/help/)
  terminal.press("C-u")
  await screen.scene("a talk: drafts stay, addresses stay whole, slips are not sent")

  carol.command(asks)
  await screen.sees(/carol wants to talk/)
  await screen.line("alice → bob")
  terminal.enter("query carol")
  await screen.line("alice → carol")
  await carol.says(/"event":"mutual"/)
  terminal.type("for carol")
  says(bob, "are you still there?")
  await screen.sees(/1 bob 1/)
  await screen.line("alice → carol", "for carol")
  terminal.type(`${ESCAPE}a`)
  await screen.sees(/new since/)
  await screen.line("alice → bob")
  terminal.type(`${ESCAPE}2`)
  await screen.line("alice → carol", "for carol")
  terminal.press("C-u")
  terminal.type(`${ESCAPE}1`)
  await screen.line("alice → bob")
  await screen.saw(/─── bob ───/)

  terminal.enter("/group team bob carol")
  await screen.line("alice → #team")
  for (const each of [bob, carol]) {
    await each.says(/"event":"group"/)
    each.command({ cmd: "groupJoin", group: "team" })
  }
  await screen.saw(/bob has joined #team/)
  await screen.saw(/carol has joined #team/)
  terminal.enter("to all of you")
  await screen.sees(/to all of you ✓/)
  carol.command({ cmd: "groupSend", group: "team", text: "from carol to all" })
  await screen.sees(/#team carol: from carol to all/)
  terminal.enter("/group jion team")
  await screen.sees(/\/group join team/)
  terminal.press("C-u")
  terminal.type(`${ESCAPE}1`)
  await screen.line("alice → bob")
  await screen.scene("two conversations and a group, each with its draft")

  writeFileSync(join(work, "tickets.pdf"), Buffer.alloc(100_000, 7))
  terminal.enter("/send ~/tickets.pdf")
  await screen.saw(/bob has got \[1\] tickets\.pdf/)
  terminal.call("set-buffer", Array.from({ length: 9 }, (_, line) => `pasted ${line}`).join("\n"))
  terminal.call("paste-buffer", "-p")
  await screen.sees(/pasted 8$/)
  terminal.press("Enter")
  await screen.sees(/send 9 lines\? \(y\/n\)$/)
  terminal.press("Left", "Enter", "n")
  await screen.sees(/pasted 8$/)
  terminal.press("C-c")
  await screen.line("alice → bob")
  terminal.press("C-_", "Enter")
  await screen.sees(/send 9 lines\? \(y\/n\)$/)
  terminal.press("C-c", "C-c")
  await screen.line("alice → bob")
  await screen.scene("a file, and a wrong clipboard, which is asked about each time")

  const { columns, rows: height } = size
  for (const narrower of [columns - 7, columns >> 1, columns]) {
    terminal.resize(narrower, height)
    terminal.type(`${narrower} `)
    await screen.sees(new RegExp(`${narrower}$`))
  }
  terminal.press("C-u")
  says(bob, screen.once("after the window was dragged"))
  await screen.sees(/was dragged/)
  terminal.type(`${ESCAPE}F`)
  await screen.sees(columns < 80 ? /was dragged/ : /→1 bob/)
  says(bob, screen.once("on the whole screen"))
  await screen.sees(/on the whole screen/)
  terminal.type(`${ESCAPE}F`)
  await screen.line("alice → bob")
  await screen.sees(/on the whole screen/)
  await screen.scene("the window dragged, and a screen of its own")

  terminal.press("C-c")
  await screen.sees(/the same again leaves/)
  terminal.press("C-c")
  await screen.sees(/exit code 0$/)
  await screen.scene("leaving: asked once")
  terminal.close()
}

try {
  const isPrinted = process.argv.includes("--screens")
  const sizes = process.argv.slice(2).filter((word) => /^\d+x\d+$/.test(word))
  for (const size of sizes.length === 0 ? SIZES : sizes) {
    const [columns = 80, rows = 24] = size.split("x").map(Number)
    const server = start(["server", "--host", "127.0.0.1", "--port", "0"])
    const [, address = ""] = await server.says(/(127\.0\.0\.1:\d+)/)
    await play({ columns, rows }, address, isPrinted)
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
} finally {
  await clear()
}
