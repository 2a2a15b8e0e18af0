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
      "\nUsage: parley send-file [OPTIONS] --to NICK PATH...\n"
    )
    expect(help.stdout).not.toContain("\u001b")
    expect((await run(["help", "contacts"])).stdout).toContain("Usage: parley contacts [OPTIONS] [ACTION] [NICK]...\n")
    expect((await run(["client", "--help"])).stdout).toContain("--nick NICK")
    expect((await run(["server", "--port", "1", "-h"])).stdout).toContain("--port PORT")
    expect(await run(["--version"])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
  })

  it("completes in bash, also what stands behind a command with a hyphen", async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, "report.pdf"), "")
    const home = join(temporaryFolder(), "home")
    for (const nick of ["alice", "bob"]) mkdirSync(join(home, "profiles", nick), { recursive: true })
    const script = `
      parley() { "$PARLEY_NODE" "$PARLEY_MAIN" "$@"; }
      source <(parley --completions bash)
      cd "$1"
      complete_of() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _parley; echo "\${COMPREPLY[*]}"; }
      complete_of parley send-f
      complete_of parley send-file --to bob re
      complete_of parley send-file --tim
      complete_of parley send --path = rel
      complete_of parley client --home "$2" -n ""`
    const bash = new Program(
      [folder, home],
      { PARLEY_NODE: process.execPath, PARLEY_MAIN: MAIN },
      { within: ["bash", "-c", `shift 2; ${script.replace(/\$(\d)/g, "$$$1")}`, "bash"] }
    )
    expect(await bash.exited).toBe(0)
    expect(bash.stdout).toBe("send-file\nreport.pdf\n--timeout\nrelay-only\nalice bob\n")
  })

  it("makes nothing of Unicode's tables before a text needs it", async () => {
    const watch = join(temporaryFolder(), "watch.cjs")
    writeFileSync(
      watch,
      `const { RegExp, Intl: { Segmenter } } = globalThis
      const told = (of, what) => new Proxy(of, { construct: (target, args, self) => {
        if (what(args)) console.error("made early")
        return Reflect.construct(target, args, self)
      } })
      globalThis.RegExp = told(RegExp, ([text]) => String(text).includes("RGI_Emoji"))
      Intl.Segmenter = told(Segmenter, () => true)`
    )
    const asked = await run(["--version"], { NODE_OPTIONS: `--require=${watch}` })
    expect(asked).toMatchObject({ code: 0, stderr: "" })
    const done = await run(["contacts", "--nick", "alice", "--home", temporaryFolder()], {
      NODE_OPTIONS: `--require=${watch}`
    })
    expect(done.stderr).toMatch(oneLine)
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

  it("answers wrong usage with a line about it, a usage where that helps, and the code 2", async () => {
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
      expect(stderr).toMatch(/^parley: [^\n]+\n(?:Usage: parley [^\n]+ tells more\)\n)?$/)
      expect(stdout).toBe("")
    }
    expect(results[2]!.stderr).toMatch(oneLine)
    expect(results[7]!.stderr).toBe(
      "parley: --nick needs a value\nUsage: parley client [OPTIONS] (parley help client tells more)\n"
    )
    expect(results[9]!.stderr).toContain(
      "parley: --to is given twice\nUsage: parley send [OPTIONS] --to NICK [TEXT]..."
    )
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

describe("the configuration", () => {
  it("is told with where each value comes from, and no secret", async () => {
    const file = join(temporaryFolder(), "config.json")
    writeFileSync(file, JSON.stringify({ nick: "cron", path: "relay-only" }))
    chmodSync(file, 0o600)
    const env = { PARLEY_SERVER: "example.org:1", PARLEY_TOKEN: "very secret" }
    const args = ["config", "send", "--config", file, "--path", "direct-only"]
    const told = await run([...args, "--json"], env)
    expect(told.code).toBe(0)
    expect(JSON.parse(told.stdout)).toMatchObject({
      file,
      settings: {
        nick: { value: "cron", source: "file", from: file },
        server: { value: "example.org:1", source: "environment", from: "PARLEY_SERVER" },
        path: { value: "direct-only", source: "flag", from: "--path" },
        portMapping: { value: "on", source: "default" },
        token: { secret: true, source: "environment" }
      }
    })
    const text = (await run(args, env)).stdout
    expect(text).toMatch(/^token +\(hidden\) +environment \(PARLEY_TOKEN\)$/m)
    expect(text + told.stdout).not.toContain("very secret")
    const wrong = await run(["config", "send"], { PARLEY_PATH: "direct" })
    expect(wrong.code).toBe(2)
    expect(wrong.stdout).toMatch(/^path +direct +environment \(PARLEY_PATH\): WRONG$/m)
    expect(wrong.stderr).toContain("parley: --path: must be one of")
    expect((await run(["config", "cleint"])).stderr).toContain("did you mean client?")
  })
})

describe("a token", () => {
  it("comes from a file that is its owner's alone, and gets into no log", async () => {
    const file = join(temporaryFolder(), "token")
    writeFileSync(file, "s3cret\nnot this\n")
    chmodSync(file, 0o644)
    const options = ["server", "--host", "127.0.0.1", "--port", "0", "--token-file", file]
    const exposed = await run(options)
    expect([exposed.code, exposed.stderr]).toEqual([
      1,
      expect.stringMatching(/^parley: --token-file: .*type chmod 600 [^\n]+\n$/)
    ])
    chmodSync(file, 0o600)
    const both = await run([...options, "--token", "x"])
    expect([both.code, both.stderr]).toEqual([2, expect.stringMatching(/^parley: there are two tokens: [^\n]+\n$/)])
    expect((await run([...options.slice(0, -1), `${file}.none`])).stderr).toContain("no such file")
    const serving = new Program([...options, "--log-level", "debug"])
    const [, address] = await serving.until("it listens", () => /listening on (\S+)/.exec(serving.stdout) ?? undefined)
    const ask = (...more: ReadonlyArray<string>) =>
      run([
        "send",
        "-n",
        "alice",
        "-t",
        "bob",
        "-s",
        address!,
        "--home",
        temporaryFolder(),
        "--log-level",
        "debug",
        ...more,
        "hi"
      ])
    const refused = await ask()
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("token")])
    const [admitted, quiet] = [await ask("--token-file", file), await ask("-q", "--token-file", file)]
    expect([admitted.code, quiet.code]).toEqual([3, 3])
    expect(quiet.stderr).not.toContain("* ")
    await serving.kill("SIGTERM")
    expect(serving.stderr + admitted.stderr + refused.stderr).not.toContain("s3cret")
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

  it.runIf(process.platform !== "win32")("are none of a tight limit of open files", async () => {
    const program = new Program(["config"], {}, { within: ["sh", "-c", 'ulimit -n 30; exec "$@"', "sh"] })
    expect(await program.exited).toBe(0)
    expect(program.stderr).toBe("")
  })

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
