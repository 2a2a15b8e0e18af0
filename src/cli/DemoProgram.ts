import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import type { ClientApi } from "../client/Client.js"
import * as Client from "../client/Client.js"
import type { Profiles } from "../client/Profile.js"
import type { ClientError } from "../core/client/ClientError.js"
import type { ClientEvent } from "../core/client/Events.js"
import * as SafeText from "../domain/SafeText.js"
import * as Server from "../server/Server.js"
import type { Listener } from "../services/Listener.js"
import { Terminal, type TerminalClosed } from "../services/Terminal.js"
import { goodbye } from "./ClientLifetime.js"
import { ProgramError } from "./ProgramError.js"
import * as TerminalProgram from "./terminal/Program.js"

/**
 * `parley demo`: a server on a free loopback port, a bot that repeats what it is told, and you. On a terminal you talk
 * to the bot at once; without one, a short conversation is held and printed, and a failure of it is a failure of the
 * program.
 *
 * `profiles` is built once for each client, so that they share no identity; nothing is left behind when it leaves
 * nothing.
 */
export const run = (
  profiles: Layer.Layer<Profiles>
): Effect.Effect<void, ProgramError | TerminalClosed, Exclude<Client.ClientServices, Profiles> | Listener | Terminal> =>
  Effect.gen(function* () {
    const terminal = yield* Terminal
    const { local } = Context.get(
      yield* Layer.build(Server.layerStandalone({ host: "127.0.0.1", port: 0 })),
      Server.Server
    )
    const client = Effect.flatMap(Layer.build(Layer.fresh(profiles)), (context) =>
      Effect.provide(Client.make({ server: { host: local.address, port: local.port } }), context)
    )
    const bot = yield* client
    yield* bot.register(BOT)
    yield* Effect.forkScoped(echo(bot))
    yield* terminal.write(
      `A server runs on ${local.address}:${local.port}, and a bot named ${BOT} repeats what you say.\nNothing leaves this machine.\n`
    )
    const you = yield* client
    yield* (terminal.interactive ? TerminalProgram.run(you, { nick: YOU, first: [`query ${BOT}`] }) : script(you)).pipe(
      goodbye(you)
    )
  }).pipe(
    Effect.scoped,
    Effect.mapError((error) =>
      error._tag === "ProgramError" || error._tag === "TerminalClosed"
        ? error
        : new ProgramError({ message: error.message })
    )
  )

const BOT = "echo"
const YOU = "guest"

/** Answers everybody who asks, and says everything again. */
const echo = (bot: ClientApi): Effect.Effect<void> =>
  Stream.runForEach(bot.events, (event) => {
    switch (event._tag) {
      case "Incoming":
        return Effect.ignore(bot.query(event.nick))
      case "Message":
        return Effect.ignore(bot.send(event.from, event.text))
      default:
        return Effect.void
    }
  })

/** The conversation that is held where there is no terminal, and so no person to talk to the bot. */
const script = (you: ClientApi): Effect.Effect<void, ProgramError | ClientError | TerminalClosed, Terminal> =>
  Effect.gen(function* () {
    const terminal = yield* Terminal
    const say = (line: string) => terminal.write(`${line}\n`)
    const { nick, fingerprint } = yield* you.register(YOU)
    yield* say(`* you are ${nick}, key ${fingerprint}`)
    const { peer } = yield* you.query(BOT)
    yield* say(`* you asked for ${SafeText.line(peer.nick)}, key ${SafeText.line(peer.fingerprint)}`)

    let at = 0
    const next = Effect.suspend(() => {
      const line = LINES[at++]
      return line === undefined
        ? you.exit()
        : Effect.zipRight(say(`${YOU}: ${line}`), Effect.asVoid(you.send(BOT, line)))
    })
    const hear = (event: ClientEvent): Effect.Effect<void, ProgramError | ClientError | TerminalClosed> => {
      switch (event._tag) {
        case "Connected":
          return Effect.zipRight(
            say(`* connected at ${event.path.address}, end-to-end encrypted, past the server`),
            next
          )
        case "Message":
          return event.text === LINES[at - 1]
            ? Effect.zipRight(say(`${SafeText.line(event.from)}: ${SafeText.line(event.text)}`), next)
            : new ProgramError({ message: `the bot said something else: ${SafeText.line(event.text)}` })
        case "Failed":
          return new ProgramError({ message: SafeText.line(event.message) })
        default:
          return Effect.void
      }
    }
    yield* Stream.runForEach(you.events, hear).pipe(
      Effect.timeoutFail({
        duration: DEADLINE,
        onTimeout: () => new ProgramError({ message: `the conversation came to a halt after ${at} lines` })
      })
    )
    yield* say("* it works. Start your own: parley server, then parley client --nick NAME --server HOST")
  })

const LINES = ["hello, is this thing on?", "Grüße, 你好, привет 👋", "bye!"]

/** It takes a fraction of a second; a machine under load gets its time. */
const DEADLINE = "20 seconds"
