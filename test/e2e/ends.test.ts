import { execFile } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { isDeepStrictEqual, promisify } from "node:util"
import { describe, it } from "vitest"
import { full } from "../support/Effort.js"
import { Screen } from "./ModesOfScreen.js"
import { server, temporaryFolder } from "./Program.js"
import { BETWEEN_LOOKS, commandLine, hasTmux, Tmux } from "./Tmux.js"

/** A failure that nobody catches, whenever the process is told. */
const FAILS = `process.on("SIGUSR2", () => { throw new Error("planted") })`

/** A client in a shell, with what a terminal is left with when it has ended. */
const clientInShell = async () => {
  const { address } = await server()
  const folder = temporaryFolder()
  const planted = join(folder, "fails.cjs")
  writeFileSync(planted, FAILS)
  const shell = await Tmux.shell()
  await shell.shows(/shell>$/m)
  const log = await shell.logged(join(folder, "log"))
  // The shell would set some of them itself.
  await shell.type("bind 'set enable-bracketed-paste off'")
  await shell.press("Enter")
  await shell.type(`printf '\\033]2;mine\\007'; export NODE_OPTIONS='--require ${planted}'; clear`)
  await shell.press("Enter")
  await shell.shows(/^shell>$/)
  const command = commandLine(["client", "--nick", "alice", "--server", address, "--home", join(folder, "home")])
  await shell.type(`sh -c 'echo $$ > ${folder}/pid; exec "$@"' sh ${command}`)
  await shell.press("Enter")
  await shell.shows(/you are alice/)
  await shell.titled("alice - parley")
  /** Waits until what the terminal was sent, which tmux hands on at its leisure, has set it so. */
  const hasModes = async (paste: boolean, focus: boolean) => {
    const wanted = { paste, focus, alternate: false, mouse: "none" }
    while (!isDeepStrictEqual(Screen.of(readFileSync(log)), wanted)) await setTimeout(BETWEEN_LOOKS)
  }
  await hasModes(true, true)
  const pid = Number(readFileSync(join(folder, "pid"), "utf8"))
  return { shell, pid, hasModes }
}

/** All that was set is taken back: modes, title, and how keys come. */
const expectGivenBack = async ({ hasModes, shell }: Awaited<ReturnType<typeof clientInShell>>) => {
  await shell.shows(/\nshell>$/)
  await shell.titled("mine")
  await hasModes(false, false)
  await shell.type("stty -a | grep -oE -- '-?(icanon|echo|isig) ' | xargs")
  await shell.press("Enter")
  await shell.shows(/^isig icanon echo$/m)
}

describe.runIf(hasTmux)("a terminal", () => {
  it.each(["SIGTERM", "SIGHUP"] as const)("is given back at %s", async (signal) => {
    const client = await clientInShell()
    process.kill(client.pid, signal)
    await expectGivenBack(client)
  })

  it.runIf(full)("is given back at two SIGINT, the second in the midst of the end", async () => {
    const client = await clientInShell()
    // One command sends both, so that the second one still finds the process.
    await promisify(execFile)("sh", ["-c", `kill -INT ${client.pid} ${client.pid}`])
    await expectGivenBack(client)
  })

  it("is given back after a failure that nobody has caught", async () => {
    const client = await clientInShell()
    process.kill(client.pid, "SIGUSR2")
    await client.shell.shows(/parley: internal error: planted/)
    await expectGivenBack(client)
  })

  it("is the shell's while the program is stopped, and the program's again when it goes on", async () => {
    const client = await clientInShell()
    const { shell } = client
    await shell.type("a draft")
    await shell.press("C-z")
    await shell.shows(/Stopped[\s\S]*shell>$/)
    await shell.titled("mine")
    await client.hasModes(false, false)
    await shell.type("fg")
    await shell.press("Enter")
    await shell.shows(/alice> a draft$/)
    await shell.titled("alice - parley")
    await client.hasModes(true, true)
    await shell.sends("\u001b[200~, pasted\u001b[201~")
    await shell.shows(/alice> a draft, pasted$/)
    await shell.press("C-c", "C-c")
    await expectGivenBack(client)
  })

  it("that hangs up ends the program", async () => {
    const { pid } = await clientInShell()
    await Tmux.closeAll()
    while (isAlive(pid)) await setTimeout(BETWEEN_LOOKS)
  })
})

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
