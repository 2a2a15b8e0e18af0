import type { PlatformError } from "@effect/platform/Error"

/** What the system has against reading a file, in a few words. */
export const of = (error: PlatformError): string => {
  if (isMissing(error)) return "no such file"
  if (error._tag === "SystemError" && error.reason === "PermissionDenied") return "permission denied"
  if (error.message.includes("EISDIR")) return "it is a folder"
  const [line = ""] = error.message.split("\n", 1)
  // The system's own words end the library's: "BadResource: FileSystem.readFile (/x): EISDIR: illegal operation …".
  return /\): (.+)$/.exec(line)?.[1] ?? line
}

/** Also where a folder on the way to it is none (`HOME=/dev/null`). */
export const isMissing = (error: PlatformError): boolean =>
  error._tag === "SystemError" && (error.reason === "NotFound" || error.message.includes("ENOTDIR"))
