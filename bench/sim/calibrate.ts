import process from "node:process"

/**
 * Steps a second of one core in a loop that no compiler can shorten, on this machine at this moment: the yardstick for
 * the other figures.
 */
export const calibrate = (): number => {
  const count = 1e8
  const before = process.cpuUsage()
  let x = last
  for (let i = 0; i < count; i++) x = (Math.imul(x, 1_664_525) + 1_013_904_223) | 0
  last = x
  const { system, user } = process.cpuUsage(before)
  return (count * 1e6) / (system + user)
}

/** The end of one loop is the start of the next, so that each has to be run. */
let last = 1

export const thousands = (n: number): string => Math.round(n).toLocaleString("en-US")
