/**
 * The NAT matrix: 27 kinds of device, 378 pairs, so many seeds each, against the rule of theory. `nat.ts [seeds]`, 10
 * when left out.
 */
import { attempt, pairs, theory } from "../../scenarios/support/NatMatrix.js"
import { calibrate, thousands } from "./calibrate.js"

const seeds = Number(process.argv[2] ?? 10)
const started = performance.now()
let runs = 0
let wrong = 0
for (const [index, [a, b]] of pairs.entries()) {
  for (let seed = 0; seed < seeds; seed++) {
    runs++
    if ((await attempt(a, b, { seed: index * 1000 + seed })) !== theory(a, b)) wrong++
  }
}
const seconds = (performance.now() - started) / 1000
console.log(
  `NAT matrix: ${thousands(runs)} punches in ${seconds.toFixed(1)} s, ${wrong} unlike theory (${thousands(calibrate())} calibration steps/s)`
)
if (wrong > 0) process.exit(1)
