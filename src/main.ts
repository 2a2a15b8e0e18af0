#!/usr/bin/env node

// This file alone is read by every version of Node, so it has to be as plain as they are old: what follows it is not.
const numbersOf = (version: string): ReadonlyArray<number> => (version.match(/\d+/g) || []).map(Number)

/** What it is made of is read at once, which takes more files than a tight limit allows. */
const failed = (error: { readonly code?: string }): void => {
  if (error.code !== "EMFILE" && error.code !== "ENFILE") throw error
  console.error("parley: cannot load itself: too few open files are allowed here (ulimit -n); allow 1024")
  process.exitCode = 1
}

const [major = 0, minor = 0] = numbersOf(process.versions.node)
const [leastMajor = 0, leastMinor = 0] = numbersOf(PARLEY_NODE)

if (major > leastMajor || (major === leastMajor && minor >= leastMinor))
  import("./cli/Front.js").then((front) => front.run()).catch(failed)
else {
  console.error(`parley: needs Node ${leastMajor}.${leastMinor} or later, and this is ${process.versions.node}`)
  process.exitCode = 1
}
