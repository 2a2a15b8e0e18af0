import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { NoNetwork, NoSuchKey } from "../core/client/ClientError.js"
import * as ServerAddress from "../domain/ServerAddress.js"
import { DEFAULT_PORT } from "../protocol/Control.js"
import * as Client from "./Client.js"
import type { ClientOptions, ServerAt } from "./ClientOptions.js"

/**
 * A client's options from the configuration: `PARLEY_SERVER` (`host`, `host:port`, `[2001:db8::1]:port`, several with
 * commas between), `PARLEY_TOKEN`, which stays redacted, `PARLEY_SERVER_KEY` (`SHA256:…`; of several servers one for
 * all, or one each in the same order), and `PARLEY_LAN` (`true` or `false`), which shows the client on the local
 * network. One that has neither a server nor the local network would reach nobody, and one that goes to the local
 * network because a variable was forgotten not those whom it is for: so without a server `PARLEY_LAN` has to be said,
 * else there is `MissingData`.
 *
 * @since 0.1.0
 */
export const clientConfig: Config.Config<ClientOptions> = Config.all({
  server: Config.option(
    Config.mapOrFail(Config.string("SERVER"), (text) => Either.all(text.split(",").map((one) => addressOf(one.trim()))))
  ),
  keys: Config.withDefault(
    Config.map(Config.string("SERVER_KEY"), (text) => text.split(",").map((one) => one.trim())),
    []
  ),
  token: Config.option(Config.redacted("TOKEN")),
  lan: Config.withDefault(Config.boolean("LAN"), false)
}).pipe(
  Config.mapOrFail(({ keys, lan, server, token }): Either.Either<ClientOptions, ConfigError.ConfigError> => {
    if (Option.isNone(server) && !lan) return Either.left(ConfigError.MissingData(["SERVER"], NOWHERE))
    return Either.right({
      ...(lan ? { lan } : {}),
      ...(Option.isNone(server) ? {} : { server: serversOf(server.value, keys) }),
      ...(Option.isNone(token) ? {} : { token: token.value })
    })
  }),
  Config.nested("PARLEY")
)

/** One alone as it always was, so that whoever maps the options finds it there. */
const serversOf = (
  servers: ReadonlyArray<ServerAddress.ServerAddress>,
  keys: ReadonlyArray<string>
): ServerAt | ReadonlyArray<ServerAt> => {
  const all = servers.map((one, at) => ({ ...one, ...tlsOf(keys[at] ?? keys[0]) }))
  return all.length === 1 ? all[0]! : all
}

const tlsOf = (key: string | undefined) => (key === undefined ? {} : { tls: { key } })

const addressOf = (text: string) =>
  Either.mapLeft(ServerAddress.parse(text, DEFAULT_PORT), ({ part }) =>
    ConfigError.InvalidData([], `a server is written host or host:port, and this is none (${part})`)
  )

/**
 * `layerClient` with options that come from the configuration: those of `clientConfig` when left out, or what is made
 * of it (`Config.map(clientConfig, (options) => ({ ...options, accept: "known" as const }))`).
 *
 * @since 0.1.0
 */
export const layerConfig = (
  config: Config.Config<ClientOptions> = clientConfig
): Layer.Layer<Client.Client, NoNetwork | NoSuchKey | ConfigError.ConfigError, LayerServices> =>
  Layer.unwrapEffect(Effect.map(config, Client.layer))

type LayerServices = Layer.Layer.Context<ReturnType<typeof Client.layer>>

const NOWHERE =
  "say which server the client is for (PARLEY_SERVER=host or host:port), or that it is for the local network alone " +
  "(PARLEY_LAN=true)"
