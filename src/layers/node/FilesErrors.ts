import * as Effect from "effect/Effect"
import { FilesError } from "../../services/Files.js"
import { codeOf, describe } from "./Errno.js"

/** A failed operation on a user's file as the service's error. `doing` reads like `read /home/al/film.mp4`. */
export const fromCause = (doing: string, cause: unknown): FilesError => {
  if (cause instanceof FilesError) return cause
  const error = (reason: FilesError["reason"], message: string) => new FilesError({ reason, message, cause })
  switch (codeOf(cause)) {
    case "ENOENT":
    case "ENOTDIR":
      return error("NotFound", `cannot ${doing}: it does not exist`)
    case "EACCES":
    case "EPERM":
      return error("NotPermitted", `not allowed to ${doing}`)
    case "ENOSPC":
    case "EDQUOT":
      return error("Full", `no space left to ${doing}`)
    case "EROFS":
      return error("ReadOnly", `cannot ${doing}: the file system is read-only`)
    case "EFBIG":
      return error("TooLarge", `cannot ${doing}: the file system does not take files of this size`)
    case "EISDIR":
    case "ELOOP":
      return error("NotAFile", `cannot ${doing}: it is no regular file`)
    default:
      return error("Other", `cannot ${doing}: ${describe(cause)}`)
  }
}

/** The same failure told of something smaller than the whole operation. */
export const about = async <A>(doing: string, act: () => Promise<A>, entry?: number): Promise<A> => {
  try {
    return await act()
  } catch (cause) {
    const error = fromCause(doing, cause)
    throw entry === undefined ? error : new FilesError({ ...error, message: error.message, entry })
  }
}

/** Uninterruptible: nothing of an operation goes on behind the back of a scope that has closed. */
export const run = <A>(doing: string, act: () => Promise<A>): Effect.Effect<A, FilesError> =>
  Effect.uninterruptible(Effect.tryPromise({ try: act, catch: (cause) => fromCause(doing, cause) }))
