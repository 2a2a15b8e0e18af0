import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Endpoint from "../../domain/Endpoint.js"
import * as RedisAddress from "../../domain/RedisAddress.js"
import type { ServerAddress } from "../../domain/ServerAddress.js"
import { ExitCode } from "../ExitCode.js"
import { ProgramError } from "../ProgramError.js"
import * as Values from "../Values.js"
import type { Host } from "./Host.js"
import { type Parsed, setting } from "./Option.js"
import { firstLineOf, MAX_PATH, readAuthorities } from "./Options.js"

/** Options of a server that is one of several nodes. */
export const nodes = {
  redis: setting({
    placeholder: "URL",
    help: "Be one of several nodes, which keep their nicknames in this Redis: redis://HOST:PORT, rediss:// with TLS, redis+sentinel://HOST:PORT,…/NAME",
    parse: (text: string) => Either.mapLeft(RedisAddress.parse(text), (fault) => `the address of Redis ${fault}`),
    secret: true
  }),
  redisPasswordFile: setting({
    placeholder: "FILE",
    help: "With --redis: file with the password in its first line, yours alone (mode 600)",
    parse: Values.text(MAX_PATH),
    wants: "file"
  }),
  redisCa: setting({
    placeholder: "FILE",
    help: "With rediss://: authorities that have to vouch for Redis, and for its Sentinels, PEM",
    otherwise: "those of the system",
    parse: Values.text(MAX_PATH),
    wants: "file"
  }),
  redisPrefix: setting({
    placeholder: "TEXT",
    help: "With --redis: what the keys begin with, in braces; another one for each server on one Redis",
    parse: (text: string) =>
      /^[A-Za-z0-9_.:-]{1,64}$/.test(text)
        ? Either.right(text)
        : Either.left("it has 1 to 64 letters, digits and _ . : -"),
    default: "parley"
  }),
  nodeListen: setting({
    placeholder: "HOST:PORT",
    help: "With --redis: where to listen for the other nodes, encrypted and for them alone",
    parse: Values.serverAddress
  }),
  nodeAddress: setting({
    placeholder: "HOST:PORT",
    help: "With --redis: where the other nodes reach this one",
    otherwise: "that of --node-listen",
    parse: Values.serverAddress
  }),
  clusterSecretFile: setting({
    placeholder: "FILE",
    help: "With --redis: file with the secret of all nodes in its first line, 32 characters or more that nobody can guess, yours alone (mode 600)",
    parse: Values.text(MAX_PATH),
    wants: "file"
  })
}

/** What one of several nodes needs. */
export interface NodeSettings {
  readonly redis: RedisAddress.RedisAddress
  readonly prefix: string
  readonly listen: ServerAddress
  readonly at: string
  readonly secret: string
  /** Whether nicknames are kept for identities that are away. */
  readonly keeps: boolean
}

/** What these options say together, with their files read; `undefined` for a server by itself. */
export const nodeSettingsOf = (
  parsed: Parsed<typeof nodes>,
  names: string | undefined,
  host: Pick<Host, "exposure">
): Effect.Effect<NodeSettings | undefined, ProgramError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const { clusterSecretFile, nodeAddress, nodeListen, redis, redisCa, redisPasswordFile, redisPrefix } = parsed
    const others = [clusterSecretFile, nodeAddress, nodeListen, redisCa, redisPasswordFile]
    if (redis === undefined) {
      if (others.every((value) => value === undefined)) return undefined
      return yield* wrong(
        "--node-listen, --node-address, --cluster-secret-file, --redis-ca and --redis-password-file are for servers with --redis"
      )
    }
    if (nodeListen === undefined || clusterSecretFile === undefined)
      return yield* wrong("--redis needs --node-listen and --cluster-secret-file: the nodes also talk to each other")
    if (names !== undefined && names !== IN_REDIS)
      return yield* wrong("with --redis nicknames are kept there, and not in a file: say --names redis")
    if (redisCa !== undefined && !redis.tls)
      return yield* wrong("--redis-ca is for a Redis with TLS: say rediss:// in --redis")
    const at = nodeAddress ?? nodeListen
    if (nodeAddress === undefined && WILD.includes(nodeListen.host))
      return yield* wrong(
        "--node-listen is on all addresses, so say with --node-address where the other nodes reach this one"
      )
    const secret = yield* firstLineOf(
      { flag: "--cluster-secret-file", path: clusterSecretFile, what: "the secret", min: 32 },
      host
    )
    const password =
      redisPasswordFile === undefined
        ? redis.password
        : yield* firstLineOf({ flag: "--redis-password-file", path: redisPasswordFile, what: "the password" }, host)
    return {
      redis: {
        ...redis,
        password,
        ...(redisCa === undefined ? {} : { authorities: yield* readAuthorities("--redis-ca", redisCa) })
      },
      prefix: redisPrefix,
      listen: nodeListen,
      at: `${Endpoint.make(at.host, 0)?.family === "ipv6" ? `[${at.host}]` : at.host}:${at.port}`,
      secret,
      keeps: names === IN_REDIS
    }
  })

/** Instead of a file. */
const IN_REDIS = "redis"

const WILD = ["0.0.0.0", "::"]

const wrong = (message: string) => Effect.fail(new ProgramError({ message, exitCode: ExitCode.usage }))
