/** The `code` of a Node system error (`EADDRINUSE`, `ENOTFOUND`, ...); empty for anything else. */
export const codeOf = (cause: unknown): string => {
  const code = typeof cause === "object" && cause !== null ? (cause as { readonly code?: unknown }).code : undefined
  return typeof code === "string" ? code : ""
}

/** A short description for the end of a message: the code where there is one, because people can search for it. */
export const describe = (cause: unknown): string =>
  codeOf(cause) || (cause instanceof Error ? cause.message : String(cause))

/** Whether `port` may be bound or dialed; Node throws for others. */
export const isPort = (port: number, lowest: 0 | 1): boolean =>
  Number.isInteger(port) && port >= lowest && port <= 65_535

/** Codes of a name look-up that found nothing: no such name, no such record, no resolver in reach. */
export const LOOKUP_CODES: ReadonlySet<string> = new Set([
  "ENOTFOUND",
  "EAI_AGAIN",
  "EAI_NODATA",
  "EAI_NONAME",
  "ENODATA"
])
