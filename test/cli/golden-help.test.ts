import { describe, expect, it } from "vitest"
import * as Surfaces from "../../src/cli/commands/Surfaces.js"
import * as Complete from "../../src/cli/help/Complete.js"
import * as HelpText from "../../src/cli/help/HelpText.js"
import * as ManPage from "../../src/cli/help/ManPage.js"
import * as Scripts from "../../src/cli/help/Scripts.js"

// What people read and shells source, as it was read last; -u takes new ones over.

const surface = Surfaces.of("0.0.0")
const PAGE = { columns: 80, colors: false }

const ALL: ReadonlyArray<readonly [string, string]> = [
  ["parley", HelpText.ofProgram(surface, PAGE)],
  ...surface.commands.map(
    (command) => [`parley-${command.name.replaceAll(" ", "-")}`, HelpText.ofCommand(surface, command, PAGE)] as const
  )
]

describe("help", () => {
  it.each(ALL)("of %s", async (name, text) => {
    await expect(`${text}\n`).toMatchFileSnapshot(`golden-help/${name}.txt`)
    for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(80)
    expect(text).not.toMatch(/wizard|\p{Cc}(?<!\n)/u)
  })

  it("fits narrow screens, and marks headings where that can be seen", () => {
    for (const columns of [40, 60, 200])
      for (const command of surface.commands)
        for (const line of HelpText.ofCommand(surface, command, { columns, colors: false }).split("\n"))
          if (!line.startsWith("  ")) expect(line.length).toBeLessThanOrEqual(columns)
    expect(HelpText.ofProgram(surface, { columns: 80, colors: true })).toContain("\u001b[1mCommands:\u001b[0m\n")
  })
})

it("the page of the manual", async () => {
  const page = ManPage.of(surface)
  await expect(page).toMatchFileSnapshot("golden-help/parley.1")
  for (const line of page.split("\n")) expect(line).not.toMatch(/^'|^\.(?!TH|SH|SS|TP|PP|br|nf|fi|RS|RE)/)
})

describe("completion", () => {
  it.each(["bash", "zsh", "fish"])("by the script for %s", async (shell) => {
    await expect(Scripts.scriptOf(shell)).toMatchFileSnapshot(`golden-help/completion.${shell}`)
  })

  it("offers what can stand there", async () => {
    const lines = LINES.map((line) => {
      const { choices, given, wants } = Complete.offer(line.split(" "), surface)
      const names = choices.map(({ text }) => text).join(" ")
      const said = [...given].map(([flag, value]) => `${flag}=${value}`).join(" ")
      return `parley ${line}|  ->  ${wants}${names === "" ? "" : `: ${names}`}${said === "" ? "" : `  (${said})`}`
    })
    await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("golden-help/completions.txt")
  })
})

/** `|` is the cursor, at the end of each. */
const LINES = [
  "",
  "s",
  "send",
  "-",
  "--c",
  "--completions ",
  "--log-level w",
  "--log-level=w",
  "--log-level debug s",
  "help ",
  "help send",
  "help send ",
  "nothing ",
  "send-file ",
  "send-file --to ",
  "send-file --to b",
  "send-file --t",
  "send-file --nick alice --to ",
  "send-file --nick=alice --home /h -t ",
  "send-file --to bob ",
  "send-file --to bob a b",
  "send-file --to bob --",
  "send-file --to bob -- -",
  "send -t bob ",
  "send --path ",
  "send --path=rel",
  "send --config ",
  "receive-file -o ",
  "receive-file --from ",
  "client --accept ",
  "client -n ",
  "client ",
  "server --tls-",
  "server --port ",
  "contacts ",
  "contacts --nick alice ver",
  "contacts verify ",
  "contacts verify bob ",
  "simulate ",
  "config ",
  "config server --re",
  "key -"
]
