import type { Server } from "../core/client/Events.js"
import * as ServerWays from "../core/client/ServerWays.js"
import * as SafeText from "../domain/SafeText.js"

/** What people are told of the link to the server; nothing where all is as it should be. */
export const of = (link: typeof Server.Type): string | undefined => {
  const { back, insteadOf, via } = link
  const name = SafeText.line(link.server)
  const place = insteadOf && ServerWays.instead(name, SafeText.line(insteadOf))
  const texts = [place, back && `${name} is used again`, via && ServerWays.describe(name, via), protection(link)]
  return texts.some((text) => text !== undefined) ? texts.filter((text) => text !== undefined).join("; ") : undefined
}

const protection = ({ encryption, key, server, trust }: typeof Server.Type): string | undefined => {
  const name = SafeText.line(server)
  if (encryption === "none")
    return `the way to ${name} is not encrypted: whoever is on it can see whom you meet, and pass for somebody you never met before`
  if (trust === "new")
    return `first time at ${name}, encrypted: its key is ${SafeText.line(key ?? "")}, kept from now on`
  return undefined
}
