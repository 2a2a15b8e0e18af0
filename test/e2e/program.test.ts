import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { full } from "../support/Effort.js"
import { client, MAIN, Program, server, temporaryFolder } from "./Program.js"

const run = async (args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}) => {
  const program = new Program(args, env)
  program.end()
  const code = await program.exited
  return { code, stdout: program.stdout, stderr: program.stderr }
}

const oneLine = /^parley: [^\n]+\n$/

describe("the command line", () => {
  it("explains itself", async () => {
    const help = await run(["--help"])
    expect(help.code).toBe(0)
    for (const command of ["server", "client", "demo"])
      expect(help.stdout).toMatch(new RegExp(`^ {2}${command} +\\w`, "m"))
    for (const line of help.stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80)
    expect((await run(["send-file", "--help"])).stdout).toContain(
      "\n$ parley send-file [OPTIONS] --to NICK <PATH>...\n"
    )
    expect(help.stdout).not.toContain("\u001b")
    expect((await run(["client", "--help"])).stdout).toContain("--nick NICK")
    expect((await run(["server", "--port", "1", "-h"])).stdout).toContain("--port PORT")
    expect(await run(["--version"])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
    // A script must not be broken into lines.
    expect((await run(["--completions", "bash"])).stdout).toMatch(/^.{200,}$/m)
  })

  it("says in one line which version of Node it needs, where it is run by an older one", async () => {
    const older = join(temporaryFolder(), "older.cjs")
    writeFileSync(
      older,
      'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "18.20.8" } })'
    )
    const { code, stderr } = await run(["--version"], { NODE_OPTIONS: `--require ${older}` })
    expect([code, stderr]).toEqual([1, "parley: needs Node 20.19 or later, and this is 18.20.8\n"])
    // What an older one reads before it says so: nothing that it cannot know.
    expect(readFileSync(MAIN, "utf8")).not.toMatch(/\?\.|\?\?|\bawait\b|\bclass\b/)
  })

  it("answers wrong usage with one line and the code 2", async () => {
    const wrong = [
      ["--bogus"],
      ["bogus"],
      ["server", "--port", "99999"],
      ["server", "--port", "http"],
      ["server", "--bogus"],
      ["server", "extra"],
      ["client", "--server", "host:0"],
      ["client", "--nick"],
      ["server", "--log-level", "loud"],
      ["send", "--nick", "a", "--to", "b", "--to", "c", "hi"],
      ["send", "--nick", "a", "--to", "b", "caf\uFFFD"]
    ]
    const results = await Promise.all(wrong.map((args) => run(args)))
    for (const [i, { code, stdout, stderr }] of results.entries()) {
      expect([wrong[i], code]).toEqual([wrong[i], 2])
      expect(stderr).toMatch(oneLine)
      expect(stdout).toBe("")
    }
    expect(results[7]!.stderr).toBe("parley: --nick needs a value\n")
    expect(results[9]!.stderr).toBe("parley: --to is given twice\n")
    expect(results[10]!.stderr).toContain("is not UTF-8 text")
  })

  it("takes the flag over the environment over the file over the default", async () => {
    const config = join(temporaryFolder(), "config.json")
    writeFileSync(config, JSON.stringify({ host: "127.0.0.1", port: 70_000 }))
    const port = async (args: ReadonlyArray<string>, env: Readonly<Record<string, string>>) => {
      const { code, stderr } = await run(["server", "--config", config, ...args], env)
      return `${code} ${stderr}`
    }
    expect(await port([], {})).toContain('not "70000"')
    expect(await port([], { PARLEY_PORT: "70001" })).toContain('not "70001"')
    expect(await port(["--port", "70002"], { PARLEY_PORT: "70001" })).toContain('not "70002"')
    const found = temporaryFolder()
    mkdirSync(join(found, "parley"))
    writeFileSync(join(found, "parley", "config.json"), JSON.stringify({ port: 70_003 }))
    expect((await run(["server"], { XDG_CONFIG_HOME: found })).stderr).toContain('not "70003"')
    // What nobody asked for stops nobody: a file at the default place that cannot be read, or no such place at all.
    const unreadable = temporaryFolder()
    mkdirSync(join(unreadable, "parley", "config.json"), { recursive: true })
    const noted = await run(["server", "--port", "x"], { XDG_CONFIG_HOME: unreadable })
    expect(noted.stderr).toMatch(/^parley: cannot read the configuration file .*; going on without it\n.*--port/)
    expect((await run(["server", "--port", "x"], { HOME: "/dev/null" })).stderr).toMatch(/^parley: .*--port.*\n$/)
  })
})

describe("failures", () => {
  it("are one line and the code 1", async () => {
    const folder = temporaryFolder()
    const malformed = join(folder, "malformed.json")
    const unknown = join(folder, "unknown.json")
    writeFileSync(malformed, "{")
    writeFileSync(unknown, '{"prot":1}')
    const file = join(folder, "file")
    writeFileSync(file, "")
    const { port } = await server()
    const failing = [
      ["server", "--config", join(folder, "missing.json")],
      ["server", "--config", malformed],
      ["server", "--config", unknown],
      ["server", "--host", "127.0.0.1", "--port", String(port)],
      ["server", "--host", "192.0.2.1", "--port", "0"],
      ["server", "--host", "does-not-exist.invalid", "--port", "0"]
    ]
    const results = await Promise.all(failing.map((args) => run(args)))
    for (const [i, { code, stdout, stderr }] of results.entries()) {
      expect([failing[i], code]).toEqual([failing[i], 1])
      expect(stderr).toMatch(oneLine)
      expect(stdout).toBe("")
    }
    expect(results[2]!.stderr).toContain("prot")
    expect(results[3]!.stderr).toContain(String(port))
  })

  it.runIf(process.platform !== "win32")(
    "of a limit of open files that the program cannot be loaded with",
    async () => {
      for (const command of ["server", "client"]) {
        const program = new Program([command], {}, { within: ["sh", "-c", 'ulimit -n 30; exec "$@"', "sh"] })
        expect(await program.exited).toBe(1)
        expect(program.stderr).toBe(
          "parley: cannot load itself: too few open files are allowed here (ulimit -n); allow 1024\n"
        )
      }
    }
  )

  it("of a configuration file are that others can change it, or read a secret in it", async () => {
    const file = join(temporaryFolder(), "config.json")
    const outcome = async (content: object, mode: number) => {
      writeFileSync(file, JSON.stringify(content))
      chmodSync(file, mode)
      return (await run(["server", "--config", file])).stderr
    }
    const hint = (command: string) => expect.stringMatching(new RegExp(`^parley: .*type ${command} ${file}\n$`))
    expect(await outcome({ port: 70_000 }, 0o666)).toEqual(hint("chmod go-w"))
    expect(await outcome({ port: 70_000, token: "secret" }, 0o644)).toEqual(hint("chmod 600"))
    for (const [content, mode] of [
      [{ port: 70_000 }, 0o644],
      [{ port: 70_000, token: "secret" }, 0o600]
    ] as const)
      expect(await outcome(content, mode)).toContain('not "70000"')
  })

  it("of an identity name the file and leave it as it is", async () => {
    const { address } = await server()
    const home = temporaryFolder()
    const first = await client("alice", address, home)
    first.end()
    await first.exited
    const [profile] = readdirSync(join(home, "profiles"))
    const identity = join(home, "profiles", profile!, "identity")
    chmodSync(identity, 0o644)
    const exposed = await run(["send", "--nick", "alice", "--to", "bob", "--server", address, "--home", home, "hi"])
    expect(exposed.code).toBe(1)
    expect(exposed.stderr).toMatch(oneLine)
    expect(exposed.stderr).toContain(`type chmod 600 ${identity}`)
    chmodSync(identity, 0o600)
    writeFileSync(identity, "damaged")
    const program = new Program(["client", "--nick", "alice", "--server", address, "--home", home, "--json"])
    const { message } = await program.event("error", { code: "Profile" })
    expect(message).toContain("identity")
    program.end()
    await program.exited
  })

  it.runIf(full)("of the home folder are told", async () => {
    const { address } = await server()
    const file = join(temporaryFolder(), "file")
    writeFileSync(file, "")
    chmodSync(file, 0o600)
    const program = new Program(["client", "--nick", "alice", "--server", address, "--home", file, "--json"])
    program.end()
    expect(await program.exited).not.toBe(-1)
    expect(program.stdout + program.stderr).toContain(file)
  })
})

describe("signals", () => {
  for (const signal of full ? (["SIGINT", "SIGTERM"] as const) : (["SIGTERM"] as const))
    it(`${signal} ends a server with clients, and a client, in order`, async () => {
      const { program, address } = await server()
      const alice = await client("alice", address)
      const bob = await client("bob", address)
      alice.command({ cmd: "query", nick: "bob" })
      await alice.event("connected", { peer: "bob" })
      alice.signal(signal)
      // A second signal, as process managers send it, must not cut the goodbye short.
      alice.signal(signal)
      await alice.event("bye")
      expect(await alice.exited).toBe(0)
      await bob.event("disconnected", { peer: "alice", reason: "left" })
      program.signal(signal)
      program.signal(signal)
      await bob.event("serverLost")
      expect(await program.exited).toBe(0)
    })
})

describe("the demo", () => {
  it("holds a conversation and leaves no file behind", async () => {
    const home = temporaryFolder()
    const { code, stdout, stderr } = await run(["demo"], { HOME: home, TMPDIR: home })
    expect([code, stderr]).toEqual([0, ""])
    expect(stdout).toContain("echo: Grüße, 你好, привет 👋")
    expect(readdirSync(home)).toEqual([])
  })
})

describe("plain lines", () => {
  it("serve people and pipes without a terminal", async () => {
    const { address } = await server()
    const bob = await client("bob", address)
    const alice = new Program(["client", "--nick", "alice", "--server", address, "--home", temporaryFolder()])
    await alice.prints(/you are alice/)
    alice.write("LIST\nquery bob\nhello from a pipe\n")
    await alice.prints(/bob {2}/)
    await bob.event("message", { from: "alice", text: "hello from a pipe" })
    bob.command({ cmd: "query", nick: "alice" }, { cmd: "send", to: "alice", text: "\u001b[31mred\u202e\nnext" })
    await alice.prints(/bob: \uFFFD\[31mred\uFFFD\n {4}next\n/)
    alice.write("exit\nexit\n")
    expect(await alice.exited).toBe(0)
    expect(alice.stdout).not.toContain("\u001b")
  })

  it("take the first line for the nickname when there is none, and end when it is taken", async () => {
    const { address } = await server()
    await client("alice", address)
    const start = () => new Program(["client", "--server", address, "--home", temporaryFolder()])
    const refused = start()
    refused.write("alice\nquery bob\nthe secret\n")
    expect(await refused.exited).toBe(1)
    expect(refused.stderr).toMatch(/^parley: .*belongs to somebody else.*\n$/)
    const program = start()
    program.write("bob\n")
    await program.prints(/you are bob/)
    program.end()
    expect(await program.exited).toBe(0)
  })
})
