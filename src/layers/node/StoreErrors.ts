import { StoreError } from "../../services/Store.js"
import { tooLarge } from "../../services/StoreName.js"
import { codeOf, describe } from "./Errno.js"

/** A failed operation on a file as the service's error. `doing` reads like `write /home/al/.parley/identity`. */
export const fromCause = (doing: string, cause: unknown): StoreError => {
  if (cause instanceof StoreError) return cause
  switch (codeOf(cause)) {
    case "EACCES":
    case "EPERM":
      return new StoreError({ reason: "NotPermitted", message: `not allowed to ${doing}`, cause })
    case "ENOSPC":
    case "EDQUOT":
      return new StoreError({ reason: "Full", message: `no space left to ${doing}`, cause })
    case "EROFS":
      return new StoreError({ reason: "ReadOnly", message: `cannot ${doing}: the file system is read-only`, cause })
    case "ENOTDIR":
      return new StoreError({ reason: "Other", message: `cannot ${doing}: a part of this path is no folder`, cause })
    case "EFBIG":
      return tooLarge(doing)
    default:
      return new StoreError({ reason: "Other", message: `cannot ${doing}: ${describe(cause)}`, cause })
  }
}
