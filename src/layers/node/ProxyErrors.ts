import * as ProxyAddress from "../../domain/ProxyAddress.js"
import * as ServerName from "../../domain/ServerName.js"
import type { Failure } from "../../protocol/ProxyTalk.js"
import { DialError, type DialOptions } from "../../services/Dialer.js"
import { codeOf, describe } from "./Errno.js"

/** Why a proxy does not lead to a server. */
export type Problem = Failure | { readonly reason: "noTls"; readonly why: string }

/** The proxy has answered that it does not lead there. No password is in it. */
export const of = (options: DialOptions, proxy: ProxyAddress.ProxyAddress, problem: Problem): DialError =>
  new DialError({ reason: "Proxy", message: messageOf(options, proxy, problem) })

/** The proxy itself was not reached. */
export const unreached = (proxy: ProxyAddress.ProxyAddress, cause: unknown): DialError => {
  const code = codeOf(cause)
  const why = code === "ECONNREFUSED" ? "takes no connections" : code === "ETIMEDOUT" ? "does not answer" : undefined
  const what = why ?? `cannot be reached (${describe(cause)})`
  const message = `${named(proxy)} ${what}: check it, or go without (--proxy off)`
  return new DialError({ reason: "Proxy", message, cause })
}

const messageOf = ({ host, port }: DialOptions, proxy: ProxyAddress.ProxyAddress, problem: Problem): string => {
  const where = ServerName.shown(host, port)
  const who = named(proxy)
  const code = "code" in problem && problem.code !== undefined ? ` (it says ${problem.code})` : ""
  switch (problem.reason) {
    case "who":
      return proxy.credentials === undefined
        ? `${who} wants to know who asks${code}: write ${proxy.origin} as ${proxy.kind}://USER:PASSWORD@${ServerName.shown(proxy.host, proxy.port)}`
        : `${who} does not take this user and password${code}: check them in ${proxy.origin}`
    case "refused":
      return `${who} does not let anybody through to ${where}${code}: ask whoever runs it`
    case "unreachable":
      return `${who} cannot reach ${where}${code}`
    case "noTls":
      return `${who} does not speak TLS that can be trusted (${problem.why}): is it http:// and not https://?`
    case "noProxy":
      return `${who} does not answer as one: is it ${proxy.kind === "socks5" ? "http://" : "socks5://"} and not ${proxy.kind}://?`
  }
}

const named = (proxy: ProxyAddress.ProxyAddress): string => `the proxy ${ProxyAddress.shown(proxy)} of ${proxy.origin}`
