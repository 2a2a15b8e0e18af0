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
import type { ClientOptions } from "./ClientOptions.js"

/**
 * A client's options from the configuration, as the program `parley` reads them too: `PARLEY_SERVER` (`host`,
 * `host:port`, `[2001:db8::1]:port`; without one a client is for the local network alone), `PARLEY_TOKEN`, which stays
 * redacted, and `PARLEY_SERVER_KEY` (`SHA256:…`).
 *
 * @since 0.1.0
 */
export const clientConfig: Config.Config<ClientOptions> = Config.all({
  server: Config.option(Config.mapOrFail(Config.string("SERVER"), (text) => addressOf(text))),
  serverKey: Config.option(Config.string("SERVER_KEY")),
  token: Config.option(Config.redacted("TOKEN"))
}).pipe(
  Config.nested("PARLEY"),
  Config.map(({ server, serverKey, token }) => ({
    ...(Option.isNone(server) ? { lan: true } : { server: { ...server.value, ...tlsOf(serverKey) } }),
    ...(Option.isNone(token) ? {} : { token: token.value })
  }))
)

const tlsOf = (key: Option.Option<string>) => (Option.isNone(key) ? {} : { tls: { key: key.value } })

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
