import * as Either from "effect/Either"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Surfaces from "../../src/cli/commands/Surfaces.js"
import { inOurWords } from "../../src/cli/help/LibraryConsole.js"
import * as Request from "../../src/cli/help/Request.js"
import * as Quote from "../../src/cli/Quote.js"
import * as Values from "../../src/cli/Values.js"
import * as UserFolders from "../../src/domain/UserFolders.js"
import { some } from "../support/Effort.js"

const surface = Surfaces.of("0.0.0")

const read = (line: string) => Request.read(line === "" ? [] : line.split(" "), surface)

/** What is wrong with a line. */
const mistake = (line: string) => {
  const request = read(line)
  return request._tag === "Wrong" ? request.message : undefined
}

/** A line as the library gets it. */
const forLibrary = (line: string) => {
  const request = read(line)
  return request._tag === "Run" ? request.args.join(" ") : request
}

describe("a command line", () => {
  it("takes the log level and the configuration file wherever they stand", () => {
    expect(forLibrary("server --config a.json --port 1 --log-level=debug")).toBe(
      "--log-level debug server --config a.json --port 1"
    )
    expect(forLibrary("--log-level debug server")).toBe("--log-level debug server")
    expect(read("client --config=b.json")).toMatchObject({ given: new Map([["--config", "b.json"]]) })
    expect(read("send -t bob -- --config c")).toMatchObject({ given: new Map([["--to", "bob"]]) })
  })

  it("asks for help about the command whatever else is on the line", () => {
    expect(read("client --nick server -h")).toMatchObject({ _tag: "Help", command: { name: "client" } })
    expect(read("client --bogus --help")).toMatchObject({ _tag: "Help", command: { name: "client" } })
    expect(read("--help")).toEqual({ _tag: "Help", command: undefined })
    expect(read("send -t bob -- -h")).toMatchObject({ _tag: "Run", words: ["-h"] })
  })

  it("takes the habits of other programs: help, help COMMAND, version, -v and -V", () => {
    expect(read("help")).toEqual({ _tag: "Help", command: undefined })
    expect(read("help send-file")).toMatchObject({ _tag: "Help", command: { name: "send-file" } })
    expect(mistake("help sendfile")).toBe("there is no command sendfile; did you mean send-file?")
    for (const line of ["version", "-v", "-V", "--version", "client -v", "send -t bob --version hi"])
      expect([line, read(line)]).toEqual([line, { _tag: "Version" }])
  })

  it("takes short options, together and with their value, and words among options", () => {
    expect(forLibrary("send hi -n alice -tbob you -q")).toBe("send --nick alice --to bob --quiet -- hi you")
    expect(forLibrary("receive-file -yqn bob -o=-")).toBe("receive-file --yes --quiet --nick bob --to -")
    expect(forLibrary("send-file - --to bob")).toBe("send-file --to bob -- -")
    expect(forLibrary("send -t bob -5 -- -- -x")).toBe("send --to bob -- -5 -- -x")
  })

  it("names what is not UTF-8, and what is given twice by any of its names", () => {
    expect(Request.read(["send", "--to", "bob", "caf\uFFFD"], surface)).toMatchObject({
      message: 'the argument "caf\uFFFD" is not UTF-8 text'
    })
    expect(mistake("send --to a --nick x -t=b hi")).toBe("--to is given twice")
    expect(mistake("send --json --to a --json")).toBe("--json is given twice")
  })

  it("names what does not exist, and what was meant", () => {
    expect(mistake("servr --port 1")).toBe("there is no command servr; did you mean server?")
    expect(mistake("hlep")).toBe("there is no command hlep; did you mean help?")
    expect(mistake("frobnicate")).toBe("there is no command frobnicate")
    expect(mistake("send --nik a")).toBe("there is no option --nik; did you mean --nick?")
    expect(mistake("send --sever=b --to c")).toBe("there is no option --sever; did you mean --server?")
    expect(mistake("send --other thing")).toBe("there is no option --other (a text that begins with - goes behind --)")
    expect(mistake("send -x")).toContain("there is no option -x")
    expect(mistake("--verison")).toBe("there is no option --verison; did you mean --version?")
    expect(mistake("--nick alice client")).toBe("--nick stands behind the command: parley COMMAND --nick ...")
    expect(mistake("receive")).toBe("there is no command receive; did you mean receive-file?")
    expect(mistake("server admn")).toBe("nothing more was expected, but there is admn; did you mean server admin?")
    expect(mistake("list")).toBe("there is no command list; list is said to parley client, while it runs")
    expect(mistake("client --path relayonly")).toBe(
      '--path: must be one of prefer-direct, direct-only, relay-only, not "relayonly"; did you mean relay-only?'
    )
    expect(mistake("client --log-level debgu")).toContain("did you mean debug?")
    expect(mistake("--completions bsh")).toContain("did you mean bash?")
    for (const fine of ["send -t b --from-here", "send -t b -- --bogus", "send -t b -", "send -t b -5"])
      expect([fine, mistake(fine)]).toEqual([fine, fine.includes("from") ? expect.any(String) : undefined])
  })

  it("names a value that is missing, a word that is, and one too many", () => {
    expect(mistake("client --nick")).toBe("--nick needs a value")
    expect(mistake("client --nick=")).toBe("--nick needs a value")
    expect(mistake("send -n -t bob hi")).toBe("--nick needs a value (if that is -t, write --nick=-t)")
    expect(mistake("client --json=yes")).toBe("--json takes no value")
    expect(mistake("send-file -t bob")).toBe("PATH is missing")
    expect(mistake("server extra")).toBe("nothing more was expected, but there is extra")
    expect(mistake("")).toBe("say what to do: parley COMMAND")
    expect(mistake("--log-level debug")).toBe("say what to do: parley COMMAND")
    expect(mistake("--completions")).toBe("--completions needs a value: one of bash, zsh, fish")
  })

  it("of config takes the settings of the command that it is about", () => {
    expect(read("config client --nick a")).toMatchObject({ given: new Map([["--nick", "a"]]) })
    expect(read("config --port 1")).toMatchObject({ given: new Map([["--port", "1"]]) })
    expect(mistake("config client --port 1")).toContain("there is no option --port")
    expect(mistake("config cleint")).toBeUndefined()
  })

  it("says what the library says, to people", () => {
    expect(inOurWords("Expected to find option: '--to'\nExpected to find option: '--nick'")).toBe(
      "--to and --nick are missing"
    )
    expect(inOurWords("something else")).toBe("something else")
  })

  it("is answered whatever it is", () => {
    const word = fc.oneof(
      fc.string({ unit: "binary", maxLength: 12 }),
      fc.constantFrom("--", "-", "send", "config", "--to", "-t", "-n", "-yq", "--nick=a", "__complete", "help", "-v")
    )
    fc.assert(
      fc.property(fc.array(word, { maxLength: 8 }), (args) => {
        const request = Request.read(args, surface)
        if (request._tag === "Wrong") expect(request.message).not.toMatch(/\p{Cc}/u)
        if (request._tag !== "Run") return
        const [level, command] = request.args[0] === "--log-level" ? [2, request.args[2]] : [0, request.args[0]]
        expect(command).toBe(request.command.name)
        expect(request.args.length).toBeGreaterThan(level)
      }),
      { numRuns: some(200) }
    )
  })
})

describe("Values", () => {
  const right = <A>(either: Either.Either<A, string>) => Either.getOrUndefined(either)

  it("reads a server's address", () => {
    expect(right(Values.serverAddress("example.org"))).toEqual({ host: "example.org", port: 9090 })
    expect(right(Values.serverAddress("example.org:80"))).toEqual({ host: "example.org", port: 80 })
    expect(right(Values.serverAddress("[2001:db8::1]:80"))).toEqual({ host: "2001:db8::1", port: 80 })
    expect(right(Values.serverAddress("2001:db8::1"))).toEqual({ host: "2001:db8::1", port: 9090 })
    for (const wrong of [
      "a:b:c",
      "1:2:3",
      "",
      ":",
      ":80",
      "a b",
      "host:",
      "host:0",
      "host:65536",
      "host:x",
      "\u001b[2J",
      "-",
      "[::1"
    ])
      expect([wrong, right(Values.serverAddress(wrong))]).toEqual([wrong, undefined])
  })

  it("reads a name in any script, as name servers know it, and nothing that only looks like one", () => {
    expect(right(Values.serverAddress("bücher.example:80"))).toEqual({ host: "xn--bcher-kva.example", port: 80 })
    expect(right(Values.serverAddress("例え.テスト"))).toEqual({ host: "xn--r8jz45g.xn--zckzah", port: 9090 })
    // Cyrillic letters are shown as what they are.
    expect(right(Values.serverAddress("раураl.com"))?.host).toMatch(/^xn--/)
    for (const wrong of ["a\u200bb", "a\uFFFDb", "bü cher", "http://bü", "bü@x", "bü/x", "bü%41", "\u0301"])
      expect([wrong, right(Values.serverAddress(wrong))]).toEqual([wrong, undefined])
  })

  it("reads an address of one link with its zone, and asks for it", () => {
    expect(right(Values.serverAddress("fe80::1%eth0"))).toEqual({ host: "fe80::1%eth0", port: 9090 })
    expect(right(Values.serverAddress("[fe80::1%eth0]:80"))).toEqual({ host: "fe80::1%eth0", port: 80 })
    // Elsewhere it says nothing.
    expect(right(Values.serverAddress("[2001:db8::1%eth0]:80"))).toEqual({ host: "2001:db8::1", port: 80 })
    expect(Either.getLeft(Values.serverAddress("fe80::1"))).toMatchObject({
      value: "fe80::1 is another machine on each network: say on which, as fe80::1%eth0"
    })
    for (const wrong of ["fe80::1%", "fe80::1%a b", "example.org%eth0", "192.0.2.1%eth0", "[fe80::1%\u001b]:1"])
      expect([wrong, right(Values.serverAddress(wrong))]).toEqual([wrong, undefined])
  })

  it("reads a few STUN servers", () => {
    const one = { host: "stun.example.org", port: 3478 }
    expect(right(Values.stunServers("stun.example.org"))).toEqual([one])
    expect(right(Values.stunServers("stun.example.org, [2001:db8::1]:80"))).toEqual([
      one,
      { host: "2001:db8::1", port: 80 }
    ])
    for (const wrong of ["", ",", "a,,b", "a,b,c,d,e", "a:0"]) expect(right(Values.stunServers(wrong))).toBeUndefined()
  })

  it("reads spans of time", () => {
    const times = ["30s", "30", "1.5m", "500ms", "2h", "24h"].map((text) => right(Values.duration(text)))
    expect(times).toEqual([30_000, 30_000, 90_000, 500, 7_200_000, 86_400_000])
    for (const wrong of ["", "0", "0s", "-1s", "1d", "25h", "s", "1 s", "1e3", "99999999999"])
      expect(right(Values.duration(wrong))).toBeUndefined()
  })

  it("reads ports and whole numbers", () => {
    expect(right(Values.port(0)("0"))).toBe(0)
    for (const wrong of ["", "-1", "1.5", "65536", "1e3", " 1", "0x10"])
      expect(right(Values.port(0)(wrong))).toBeUndefined()
    expect(right(Values.port(1)("0"))).toBeUndefined()
    expect(right(Values.integer(1, 10)("11"))).toBeUndefined()
  })

  it("quotes so that nothing reaches the terminal", () => {
    expect(Quote.of("\u001b[2J")).toBe('"\\u001b[2J"')
    expect(Quote.of("x".repeat(1000)).length).toBeLessThan(70)
  })
})

describe("Places", () => {
  const configFile = (env: UserFolders.Environment) => UserFolders.of(env, "linux").configFile
  const dataHome = (env: UserFolders.Environment) => UserFolders.of(env, "linux").dataHome

  it("follow the XDG variables, then the home directory", () => {
    expect(configFile({ XDG_CONFIG_HOME: "/c", HOME: "/h" })).toBe("/c/parley/config.json")
    expect(configFile({ XDG_CONFIG_HOME: "", HOME: "/h" })).toBe("/h/.config/parley/config.json")
    expect(dataHome({ XDG_DATA_HOME: "relative", HOME: "/h" })).toBe("/h/.local/share/parley")
    expect(dataHome({})).toBeUndefined()
    expect(UserFolders.of({ HOME: "/h" }, "linux").cacheHome).toBe("/h/.cache/parley")
    expect(UserFolders.of({ XDG_CACHE_HOME: "/c" }, "linux").cacheHome).toBe("/c/parley")
  })

  it("follow Windows where there is no HOME", () => {
    const profile = { USERPROFILE: "C:\\Users\\Ann" }
    expect(UserFolders.of(profile, "win32")).toEqual({
      configFile: "C:\\Users\\Ann\\AppData\\Roaming\\parley\\config.json",
      dataHome: "C:\\Users\\Ann\\AppData\\Local\\parley",
      cacheHome: "C:\\Users\\Ann\\AppData\\Local\\parley\\cache",
      home: "C:\\Users\\Ann",
      variable: "USERPROFILE"
    })
    const { configFile, dataHome } = UserFolders.of(
      { ...profile, APPDATA: "\\\\server\\roaming", LOCALAPPDATA: "local" },
      "win32"
    )
    expect(configFile).toBe("\\\\server\\roaming\\parley\\config.json")
    expect(dataHome).toBe("C:\\Users\\Ann\\AppData\\Local\\parley")
    expect(UserFolders.of({}, "win32").dataHome).toBeUndefined()
  })
})
