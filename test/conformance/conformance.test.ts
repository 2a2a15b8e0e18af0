import { execFile, execFileSync, spawn } from "node:child_process"
import { existsSync } from "node:fs"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { describe, expect, it } from "vitest"
import { full } from "../support/Effort.js"
import { broken, expectNothing, hasNamespaces, MINUTES, patiently, root, tryCommand, tryServerAt } from "./Trial.js"

/** A client that was written from docs/protocol.md alone, where it lies beside the repository. */
const foreign = fileURLToPath(new URL("../../../shared/interop/t2.py", import.meta.url))
const hasPython = ((): boolean => {
  try {
    execFileSync("python3", ["-c", "import cryptography"], { stdio: "ignore" })
    return true
  } catch {
    return false
  }
})()

/** One after the other: what is seen has to come in time. */
describe("the conformance suite", { timeout: MINUTES }, () => {
  it("finds nothing in our server", () => expectNothing("server", full ? "" : "1.2"))

  it("finds nothing in our client", () => expectNothing("client", full ? "" : "3.3"))

  it.runIf(full && hasNamespaces)("finds nothing in our client on the local network", () => expectNothing("lan", "4-"))

  it.runIf(full && hasPython)("finds nothing in the small client in Python", async () => {
    const command = `python3 ${root}examples/python/parley.py --nick {nick}`
    expect(broken(await patiently(() => tryCommand(command, "", ["files", "udp"])))).toEqual([])
  })

  it.runIf(full && hasPython)("finds nothing in the small server in Python", async ({ onTestFinished }) => {
    const server = spawn("python3", [`${root}examples/python/server.py`, "--port", "0"])
    onTestFinished(() => void server.kill())
    const port = await new Promise<number>((resolve) => {
      server.stdout.on("data", (line: Buffer) => resolve(Number(/:(\d+)/.exec(line.toString())?.[1])))
    })
    expect(broken(await patiently(() => tryServerAt(port)))).toEqual([])
  })

  it.runIf(full && hasPython && existsSync(foreign))(
    "has a client that others wrote agree with our programs",
    async () => {
      const cases = [
        "initiator",
        "responder",
        "big",
        "credit_me",
        "credit_bob",
        "relay_me",
        "file_in",
        "file_out",
        "folder_both"
      ]
      const env = { ...process.env, PARLEY: root }
      const { stdout: said } = await promisify(execFile)("python3", [foreign, ...cases], { env })
      for (const name of cases) expect(said).toMatch(new RegExp(`^${name} .* ok `, "m"))
    }
  )
})
