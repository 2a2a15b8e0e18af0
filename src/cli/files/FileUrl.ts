import * as Either from "effect/Either"
import * as SafeText from "../../domain/SafeText.js"

/**
 * A path, or the path of a `file:` URL as file managers give it (RFC 8089): percent-decoded, of this machine. Whatever
 * does not begin like one is a path as it is; one that has such a name is `./file:…`. On the left what is wrong with a
 * URL, in one line.
 */
export const pathOf = (text: string): Either.Either<string, string> => {
  const rest = /^file:(\/.*)$/is.exec(text)?.[1]
  if (rest === undefined) return Either.right(text)
  const [, authority, path] = /^\/\/([^/]*)(.*)$/s.exec(rest) ?? [undefined, "", rest]
  const host = authority!.toLowerCase()
  if (host !== "" && host !== "localhost")
    return wrong(text, `is on ${SafeText.line(authority!, MAX_SHOWN)}: only files of this machine can be sent`)
  if (path === undefined || path === "") return wrong(text, "names no file")
  // What a name has of these is percent-encoded.
  const encoded = path.replace(/[?#].*$/s, "")
  const decoded = decode(encoded)
  if (decoded === undefined) return wrong(text, "is not percent-encoded UTF-8")
  if (/%(2f|00)/i.test(encoded)) return wrong(text, "has a slash or a zero in a name, which no file has")
  // On Windows a drive stands behind the slash.
  return Either.right(/^\/[a-z]:\//i.test(decoded) ? decoded.slice(1) : decoded)
}

/** The paths of all of them, or what is wrong with the first that is wrong. */
export const pathsOf = (texts: ReadonlyArray<string>): Either.Either<ReadonlyArray<string>, string> =>
  Either.all(texts.map(pathOf))

const decode = (encoded: string): string | undefined => {
  try {
    return decodeURIComponent(encoded)
  } catch {
    return undefined
  }
}

const wrong = (text: string, what: string) => Either.left(`${SafeText.line(text, MAX_SHOWN)} ${what}`)

/** Characters of a URL or a host in a message: enough to know it again. */
const MAX_SHOWN = 128
