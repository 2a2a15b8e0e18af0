import * as Either from "effect/Either"
import * as Nickname from "../../../src/domain/Nickname.js"
import * as FilesErrors from "../../../src/layers/node/FilesErrors.js"
import * as StoreErrors from "../../../src/layers/node/StoreErrors.js"

const CODES = ["ENOENT", "ENOTDIR", "EACCES", "EPERM", "ENOSPC", "EDQUOT", "EROFS", "EFBIG", "EISDIR", "ELOOP", "EIO"]
const failed = (code: string) => Object.assign(new Error(code), { code })

/** What the disk can refuse, for the program's own files and for the user's. */
export const disks = (): ReadonlyArray<string> => [
  ...CODES.map(
    (code) => StoreErrors.fromCause("write /home/al/.local/share/parley/profiles/bob/contacts", failed(code)).message
  ),
  ...CODES.map((code) => FilesErrors.fromCause("read /home/al/film.mp4", failed(code)).message)
]

/** Each way in which a nickname can be none. */
const NO_NICKNAMES = [
  "",
  "a".repeat(33),
  "/help",
  "a b",
  "a\u200db",
  "\u0301a",
  "a\u0301\u0302\u0303\u0304\u0305",
  "a:b",
  "-a",
  "a·",
  "a\u0336",
  "you",
  "2258792141230954210185888 01682".replace(" ", "")
]

export const nicknames = (): ReadonlyArray<string> =>
  NO_NICKNAMES.map(
    (nick) => `${JSON.stringify(nick)}: the nickname ${Either.merge(Either.map(Nickname.parse(nick), () => "IS FINE"))}`
  )
