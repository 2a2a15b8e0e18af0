import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Parley from "parley-chat"
import * as World from "parley-chat/sim"

// What a library would export that is built on this one, without a type written down: the compiler then has to name
// everything that a signature mentions, and can only where it is exported. Compiled as a consumer, with declarations.

export const options = { server: { host: "chat.example.org", port: 9090 } } satisfies Parley.ClientOptions

export const client = Parley.layerClient(options)
export const configured = Parley.layerClientConfig()
export const machine = Parley.layerNode()
export const live = Layer.provide(client, Parley.layerNode({ home: "/var/lib/bot" }))
export const server = Parley.layerServer({ motd: "hello" })
export const serving = Layer.launch(Layer.provide(server, Parley.layerMachine))
export const defaults = Parley.serverDefaults
export const profiles = Parley.layerProfiles

export const bot = Effect.gen(function* () {
  const client = yield* Parley.Client
  const me = yield* client.register("bot")
  const channel = yield* client.query("bob")
  const said = yield* client.send("bob", "hello")
  const { messages } = yield* client.history({ nick: "bob", limit: Parley.MAX_LIMIT })
  const transfer = yield* client.files.offer("bob", "photo.jpg")
  return { me, channel, said, messages, transfer, why: yield* client.why("bob"), known: yield* client.contacts }
})

/** Each member of the services by itself. */
export const of = (client: Parley.ClientApi, server: Parley.ServerApi) => ({ ...client, ...client.files, ...server })

export const caught = Effect.catchTags(bot, {
  NoSuchPeer: (error) => Effect.succeed(error),
  KeyChanged: (error) => Effect.succeed(error.change),
  File: (error: Parley.FileFailed) => Effect.succeed(error.message)
})

export const shown = (event: Parley.ClientEvent) =>
  event._tag === "Message" ? Parley.SafeText.lines(event.text) : event._tag

export const named = Parley.Nickname.parse("bob")
export const fingerprint = Parley.Fingerprint.parse("12345")
export const profile = Effect.flatMap(Parley.Profiles, (profiles) =>
  Effect.flatMap(Effect.orDie(named), (nickname) => profiles.open(nickname))
)

export const scenario = Effect.gen(function* () {
  const sim = yield* World.Sim
  const home = yield* sim.router("home", World.Nat.linux)
  const host = yield* sim.host("bot", {}, Effect.provide(bot, client))
  return { home, host, plan: yield* sim.swarm({ withinMs: 1_000 }), world: sim.world }
})
export const report = World.run({ seed: 1 }, scenario)
export const memory = World.layer("alice")
