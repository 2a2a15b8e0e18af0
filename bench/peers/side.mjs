// One of two processes: `side.mjs ADAPTER server HOST`, which answers until its input ends, or
// `side.mjs ADAPTER client HOST ADDRESS TEST..`, which prints a line of figures for each test.
import { measure } from "./tests.mjs"

const [name, role, host, address, ...tests] = process.argv.slice(2)
const adapter = await import(`./adapters/${name}.mjs`)
const now = () => Number(process.hrtime.bigint()) / 1e6

const answer = (peer) => {
  let [count, bytes, late] = [0, 0, []]
  peer.onMessage((text, length) => {
    switch (text[0]) {
      case "E":
        peer.send(text)
        break
      case "C":
        count++
        break
      case "B":
        bytes += length
        break
      case "L":
        late.push(now() - Number(text.slice(1, 20)))
        break
      case "Z":
        peer.send(
          `R${JSON.stringify({ count, bytes, late: late.map((ms) => Math.round(100 * ms) / 100).slice(0, 100) })}`
        )
        late = late.slice(100)
        if (text[1] === "!") [count, bytes, late] = [0, 0, []]
    }
  })
}

if (role === "server") {
  console.log(JSON.stringify({ address: await adapter.serve(host, answer) }))
  process.stdin.on("end", () => process.exit()).resume()
} else {
  for (const test of tests) {
    try {
      console.log(JSON.stringify({ test, ...(await measure(test, adapter, JSON.parse(address), host, now)) }))
    } catch (error) {
      console.log(JSON.stringify({ test, failed: String(error).slice(0, 200) }))
    }
  }
  process.exit()
}
