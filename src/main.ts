#!/usr/bin/env node

// This file alone is read by every version of Node, so it has to be as plain as they are old: what follows it is not.
const numbersOf = (version: string): ReadonlyArray<number> => (version.match(/\d+/g) || []).map(Number)

const [major = 0, minor = 0] = numbersOf(process.versions.node)
const [leastMajor = 0, leastMinor = 0] = numbersOf(PARLEY_NODE)

if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) import("./cli/Process.js")
else {
  console.error(`parley: needs Node ${leastMajor}.${leastMinor} or later, and this is ${process.versions.node}`)
  process.exitCode = 1
}
