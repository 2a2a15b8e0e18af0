import * as Either from "effect/Either"

/** Where Redis is, and as whom we come. */
export interface RedisAddress {
  /** One, or the Sentinels. */
  readonly hosts: ReadonlyArray<{ readonly host: string; readonly port: number }>
  /** What the Sentinels call the primary. */
  readonly sentinel: string | undefined
  readonly tls: boolean
  /** Authorities that vouch for it, PEM; those of the system when left out. */
  readonly authorities?: string
  readonly database: number
  readonly username: string | undefined
  readonly password: string | undefined
}

/**
 * The address of a URL: `redis[s]://[USER[:PASSWORD]@]HOST[:PORT][/DATABASE]`, or with Sentinels
 * `redis[s]+sentinel://[USER[:PASSWORD]@]HOST[:PORT],…/NAME[/DATABASE]`. Otherwise what is wrong with it, half a
 * sentence without any part of it: it may hold a password.
 */
export const parse = (text: string): Either.Either<RedisAddress, string> => {
  const found = URL_FORM.exec(text)
  if (found === null) return Either.left("is no redis://HOST:PORT, rediss://… or redis+sentinel://HOST:PORT,…/NAME")
  const [, s, sentinel, user, password, places = "", path = ""] = found
  const hosts = places.split(",").map((place) => placeOf(place, sentinel === undefined ? REDIS_PORT : SENTINEL_PORT))
  const parts = path.split("/").filter((part) => part !== "")
  const name = sentinel === undefined ? undefined : parts.shift()
  const [database = "0", ...rest] = parts
  if (hosts.includes(undefined)) return Either.left("has a host or a port that cannot be read")
  if (sentinel === undefined ? hosts.length > 1 : name === undefined)
    return Either.left("needs one host, or Sentinels and the name of the primary behind them")
  if (rest.length > 0 || !/^\d{1,4}$/.test(database)) return Either.left("has a database that is no number")
  try {
    return Either.right({
      hosts: hosts.flatMap((host) => host ?? []),
      sentinel: name === undefined ? undefined : decodeURIComponent(name),
      tls: s !== undefined,
      database: Number(database),
      username: user === undefined || user === "" ? undefined : decodeURIComponent(user),
      password: password === undefined ? undefined : decodeURIComponent(password)
    })
  } catch {
    return Either.left("has a % that stands for nothing")
  }
}

const URL_FORM = /^redis(s)?(\+sentinel)?:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?([^/@]+)((?:\/[^/?#]*)*)$/

const placeOf = (text: string, byDefault: number) => {
  const found = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9_.-]+)(?::(\d{1,5}))?$/.exec(text)
  const port = Number(found?.[2] ?? byDefault)
  return found === null || port === 0 || port > 65_535 ? undefined : { host: found[1]!.replace(/^\[|\]$/g, ""), port }
}

const REDIS_PORT = 6379
const SENTINEL_PORT = 26_379
