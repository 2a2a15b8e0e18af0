import * as FileSystem from "@effect/platform/FileSystem"
import { expect, it } from "@effect/vitest"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as ConfigFile from "../../src/cli/ConfigFile.js"
import { table } from "../../src/cli/commands/Table.js"
import * as UserFolders from "../../src/domain/UserFolders.js"
import * as Memory from "../../src/layers/memory/Terminal.js"
import { Terminal } from "../../src/services/Terminal.js"

const OPTIONS = table.map(({ options }) => options)

/** The nickname that a file with this content, and this environment, give; or what the user is told. */
const nickOf = (content: string, env: Readonly<Record<string, string>> = {}) =>
  Effect.gen(function* () {
    const { terminal } = yield* Memory.make({ interactive: false })
    const folders = UserFolders.of({ HOME: "/home/a" }, "linux")
    const host = { env, folders, exposure: () => Effect.succeed(undefined) }
    return yield* ConfigFile.sources(OPTIONS, undefined, host).pipe(
      Effect.flatMap((sources) => Effect.withConfigProvider(nick, ConfigFile.provider(sources))),
      Effect.match({ onFailure: ({ message }) => message, onSuccess: (nick) => nick }),
      Effect.provideService(Terminal, terminal),
      Effect.provide(FileSystem.layerNoop({ readFileString: () => Effect.succeed(content) }))
    )
  })

const nick = Effect.flatMap(Effect.configProviderWith(Effect.succeed), (provider) =>
  Effect.orElseSucceed(provider.load(Config.string("nick")), () => "no nick")
)

it.effect("gives what it holds and the environment before it", () =>
  Effect.gen(function* () {
    expect(yield* nickOf('{"nick":"zed"}')).toBe("zed")
    expect(yield* nickOf('{"nick":"zed"}', { PARLEY_NICK: "ann" })).toBe("ann")
    expect(yield* nickOf('{"nick":"zed"}', { PARLEY_NICK: "" })).toBe("zed")
  })
)

it.effect("may have comments, and commas behind the last ones", () =>
  Effect.gen(function* () {
    const content = `// mine
    { /* who I am:
         "nick": "ann", */
      "nick": "zed", // and nobody else
    }`
    expect(yield* nickOf(content)).toBe("zed")
    for (const nick of ["a // b", "/* a */", "a,}", 'a\\"//,]'])
      expect(yield* nickOf(JSON.stringify({ nick }))).toBe(nick)
  })
)

it.effect("says in a sentence of ours what is wrong with it", () =>
  Effect.gen(function* () {
    const told = Effect.fnUntraced(function* (content: string) {
      const message = yield* nickOf(content)
      expect(message.length).toBeLessThan(200)
      return message.replace("the configuration file /home/a/.config/parley/config.json: ", "")
    })
    for (const content of [
      "",
      '{"nick"',
      '# mine\n{"nick":"zed"}',
      "nick=zed",
      '{"nick":"zed",,}',
      '{"nick":"zed"} /*'
    ])
      expect(yield* told(content)).toBe('it is not JSON, which looks like {"nick": "alice"}')
    for (const content of ["[]", "5", "null", '"nick"'])
      expect(yield* told(content)).toBe('it has to be one object, such as {"nick": "alice"}')
    expect(yield* told('{"nick":"z\uFFFD"}')).toBe("it is not UTF-8 text")
    expect(yield* told('{"bogus":1}')).toBe("there is no setting bogus (an option's name without --, as serverKey)")
    expect(yield* told('{"server-key":"x"}')).toContain("there is no setting server-key")
    expect(yield* told('{"nick":5}')).toBe('nick has to be a text, such as "this"')
    expect(yield* told('{"port":"x"}')).toBe("port has to be a whole number, such as 9090")
    expect(yield* told('{"port":1.5}')).toBe("port has to be a whole number, such as 9090")
    expect(yield* told('{"tls":"yes"}')).toBe("tls has to be true or false")
  })
)

it.effect("names a variable of which the shell gave bytes that are not UTF-8", () =>
  Effect.gen(function* () {
    expect(yield* nickOf("{}", { PARLEY_MOTD: "caf\uFFFD" })).toBe("the variable PARLEY_MOTD is not UTF-8 text")
    expect(yield* nickOf("{}", { HOME: "/home/\uFFFD" }), "is no home").toBe("no nick")
  })
)
