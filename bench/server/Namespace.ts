import { execFileSync } from "node:child_process"

/** Why there are no addresses to attack from, for people; `undefined` when there are. */
export const whyNoAddresses = (): string | undefined => {
  if (process.env.NAMESPACE === undefined) return "they need a network namespace of their own (unshare --net, iproute2)"
  try {
    for (const words of COMMANDS) execFileSync(words[0]!, words.slice(1), { stdio: "pipe" })
    return undefined
  } catch (error) {
    return `the network namespace has no addresses: ${error instanceof Error ? error.message : error}`
  }
}

/**
 * Every address of these networks is this machine's, as far as the namespace sees. None of them is a loopback address,
 * which limits are not for.
 */
const COMMANDS = [
  ["ip", "link", "set", "lo", "up"],
  ["ip", "route", "add", "local", "10.0.0.0/8", "dev", "lo"],
  ["ip", "-6", "route", "add", "local", "2001:db8::/32", "dev", "lo"],
  ["sysctl", "-qw", "net.ipv6.ip_nonlocal_bind=1"],
  ["sysctl", "-qw", "net.ipv4.ip_local_port_range=10000 65000"]
]

/** The n-th address of the attackers, of 16 million; `honestAddress` never gives the same. */
export const attackAddress = (index: number): string =>
  `10.${64 + ((index >> 16) % 128)}.${(index >> 8) & 255}.${index & 255}`

export const honestAddress = (index: number): string =>
  `10.${1 + ((index >> 16) % 32)}.${(index >> 8) & 255}.${index & 255}`

/** An address of the n-th /64 of a /48; of the n-th /48 of the whole when `net` is given. */
export const attackAddress6 = (index: number, net = 0): string =>
  `2001:db8:${(0x100 + net).toString(16)}:${(index & 0xffff).toString(16)}::1`
