import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { client, Program, server } from "../e2e/Program.js"
import { full } from "../support/Effort.js"
import { type Consumer, codeIn, consumer } from "./Consumer.js"

// Each installs the packed file from the registry, which takes half a minute: the full run alone.
describe.runIf(full)("the program alone, installed from the packed file", () => {
  let project: Consumer & { readonly said: string }
  beforeAll(async () => {
    project = await consumer()
  })
  afterAll(() => project.remove())

  it("makes npm warn about nothing", () => expect(project.said).toBe(""))

  it("brings little besides itself", () => {
    const { packages, bytes } = project.installed()
    expect(packages).toBeLessThanOrEqual(25)
    expect(bytes).toBeLessThan(30 << 20)
  })

  it("holds a conversation, by both of its names", async () => {
    for (const name of ["parley", "parley-chat"]) expect((await project.bin(name, "demo")).stdout).toContain("echo")
  })
})

describe.runIf(full)("the library, installed from the packed file", () => {
  const [bot = "", start = ""] = codeIn("README.md", "ts")
  let project: Consumer
  beforeAll(async () => {
    project = await consumer("effect", "vitest", "esbuild")
    project.write("bot.ts", bot)
    project.write("bot.test.ts", codeIn("README.md", "ts").at(-1)!)
  })
  afterAll(() => project.remove())

  it("runs the bot of the README as it stands there, but for the server and the folder", async () => {
    const { address, port } = await server()
    const replaced = start
      .replace('"chat.example.org", port: 9090', `"127.0.0.1", port: ${port}`)
      .replace("/var/lib/echo-bot", join(project.folder, "home"))
    expect(replaced).toContain(`port: ${port}`)
    project.write("start.ts", replaced)
    await project.bin("esbuild", "bot.ts", "start.ts", "--outdir=out", "--format=esm")
    const alice = await client("alice", address)
    alice.command({ cmd: "watch", nick: "echo" })
    await alice.event("ok", { cmd: "watch" })
    const bot = new Program([], {}, { program: join(project.folder, "out/start.js") })
    const ended = bot.exited.then(() => Promise.reject(new Error(bot.stderr)))
    await Promise.race([alice.event("joined", { nick: "echo" }), ended])
    alice.command({ cmd: "query", nick: "echo" }, { cmd: "send", to: "echo", text: "hello" })
    expect(await alice.event("message", { from: "echo" })).toMatchObject({ text: "hello" })
    ended.catch(() => {})
  })

  it("runs the examples: a question asked without Effect, of the echo bot, by their own files", async () => {
    project.copy("examples")
    const built = ["--bundle", "--packages=external", "--platform=node", "--format=esm", "--outdir=started"]
    await project.bin("esbuild", "./examples/echo.ts", "./examples/ask.ts", ...built)
    const { address, port } = await server()
    const start = (name: string, ...args: ReadonlyArray<string>) => {
      const env = { PARLEY_SERVER: address, XDG_DATA_HOME: join(project.folder, name) }
      return new Program(args, env, { program: join(project.folder, `started/${name}.js`) })
    }
    const bot = start("echo")
    const alice = await client("alice", address)
    alice.command({ cmd: "watch", nick: "echo" })
    await alice.event("ok", { cmd: "watch" })
    const ended = bot.exited.then(() => Promise.reject(new Error(bot.stderr)))
    ended.catch(() => {})
    await Promise.race([alice.event("joined", { nick: "echo" }), ended])
    const ask = start("ask", "127.0.0.1", "echo", "is there anybody?", String(port))
    expect([await ask.exited, ask.stdout, ask.stderr]).toEqual([0, "is there anybody?\n", ""])
    const nobody = start("ask", "127.0.0.1", "nobody", "hello?", String(port))
    expect(await nobody.exited).toBe(1)
    expect(nobody.stderr).toMatch(/^NoSuchPeer: /)
  })

  it("runs the tests among the examples", async () => {
    project.copy("examples")
    expect((await project.bin("vitest", "run", "--dir", "examples")).stdout).toContain("3 passed")
  })

  it("runs the scenario of the README as it stands there", async () => {
    expect((await project.bin("vitest", "run", "bot.test.ts")).stdout).toContain("1 passed")
  })
})
