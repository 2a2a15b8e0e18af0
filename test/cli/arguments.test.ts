import * as Either from "effect/Either"
import { describe, expect, it } from "vitest"
import { dashLast, inspect, mistakeIn } from "../../src/cli/help/Arguments.js"
import { inOurWords } from "../../src/cli/help/HelpConsole.js"
import * as Values from "../../src/cli/Values.js"
import * as UserFolders from "../../src/domain/UserFolders.js"

describe("Arguments", () => {
  it("finds the configuration file and the log level wherever they stand", () => {
    expect(inspect(["server", "--config", "a.json", "--port", "1", "--log-level=debug"])).toEqual({
      rest: ["--log-level", "debug", "server", "--config", "a.json", "--port", "1"],
      logLevel: "debug",
      config: "a.json",
      informational: false
    })
    expect(inspect(["client", "--config=b.json"]).config).toBe("b.json")
    expect(inspect(["client", "--", "--config", "c"]).config).toBeUndefined()
  })

  it("gives help about the command whatever else is on the line", () => {
    expect(inspect(["client", "--nick", "server", "-h"])).toMatchObject({
      rest: ["client", "--help"],
      informational: true
    })
    expect(inspect(["--help"]).rest).toEqual(["--help"])
  })

  it("takes the habits of other programs: help, help COMMAND, version and -v", () => {
    expect(inspect(["help"]).rest).toEqual(["--help"])
    expect(inspect(["help", "send-file"])).toMatchObject({ rest: ["send-file", "--help"], informational: true })
    for (const word of ["version", "-v", "-V"])
      expect(inspect([word])).toMatchObject({ rest: ["--version"], informational: true })
    expect(inspect(["client", "-v"]).rest).toEqual(["client", "-v"])
  })

  it("puts a lone - behind the options, unless it is a value", () => {
    const valued = new Set(["--to", "-o"])
    const moved = (line: string) => dashLast(line.split(" "), valued).join(" ")
    expect(moved("send-file - --to bob")).toBe("send-file --to bob -")
    expect(moved("receive-file --to - -o - --yes")).toBe("receive-file --to - -o - --yes")
    expect(moved("send - --json -- - a")).toBe("send --json - -- - a")
  })

  it("names what is not UTF-8, and what is given twice by any of its names", () => {
    const flags = [["--to", "-o"], ["--nick"], ["--json"]]
    const mistake = (...args: ReadonlyArray<string>) => mistakeIn(args, flags, new Set(["--to", "-o", "--nick"]))
    expect(mistake("send", "--to", "bob", "caf\uFFFD")).toBe('the argument "caf\uFFFD" is not UTF-8 text')
    expect(mistake("send", "--to", "a", "--nick", "x", "-o=b")).toBe("--to is given twice")
    expect(mistake("send", "--json", "--to", "a", "--json")).toBe("--json is given twice")
    expect(mistake("send", "--to", "--nick", "--nick", "--to", "--", "--to", "--to")).toBeUndefined()
  })

  it("names an option that the command does not have, and the one that was meant", () => {
    const flags = [["--to", "-o"], ["--nick"], ["--server"]]
    const mistake = (...args: ReadonlyArray<string>) => mistakeIn(args, flags, new Set(["--to", "-o", "--nick"]))
    expect(mistake("send", "--nik", "a")).toBe("there is no option --nik; did you mean --nick?")
    expect(mistake("send", "--sever=b", "--to", "c")).toBe("there is no option --sever; did you mean --server?")
    expect(mistake("send", "--quite", "other")).toBe(
      "there is no option --quite (a text that begins with - goes behind --)"
    )
    expect(mistake("send", "-x")).toContain("there is no option -x")
    for (const fine of [
      ["--to", "--from-here"],
      ["--", "--bogus"],
      ["-"],
      ["-5"],
      ["--help"],
      ["--log-level", "debug"]
    ])
      expect([fine, mistake("send", ...fine)]).toEqual([fine, undefined])
    expect(mistakeIn(["--bogus"], [], new Set()), "of what command?").toBeUndefined()
  })

  it("says what the library says, to people", () => {
    const said = (text: string) => inOurWords(text, new Set(["--port"]))
    expect(said("Expected to find option: '--to'\nExpected to find option: '--nick'")).toBe(
      "--to and --nick are missing"
    )
    expect(said("Missing argument <PATH>")).toBe("PATH is missing")
    expect(said("Expected a value following option: '--nick'")).toBe("--nick needs a value")
    expect(said("Received unknown argument: '--port='")).toBe("--port needs a value")
    expect(said("Received unknown argument: 'extra'")).toBe('nothing more was expected, but there is "extra"')
    expect(said("Invalid subcommand for parley - use one of 'server', 'client'")).toBe(
      "say what to do first: one of server, client"
    )
    expect(said("something else")).toBe("something else")
  })

  it("leaves an option without its value to the parser", () => {
    expect(inspect(["client", "--log-level"]).rest).toEqual(["client", "--log-level"])
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
    expect(Values.quote("\u001b[2J")).toBe('"\\u001b[2J"')
    expect(Values.quote("x".repeat(1000)).length).toBeLessThan(70)
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
  })

  it("follow Windows where there is no HOME", () => {
    const profile = { USERPROFILE: "C:\\Users\\Ann" }
    expect(UserFolders.of(profile, "win32")).toEqual({
      configFile: "C:\\Users\\Ann\\AppData\\Roaming\\parley\\config.json",
      dataHome: "C:\\Users\\Ann\\AppData\\Local\\parley",
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
