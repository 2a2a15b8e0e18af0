import * as assert from "node:assert/strict"
import * as fc from "fast-check"
import type { ProxyAddress } from "../../../src/domain/ProxyAddress.js"
import { MAX_HEARD, type Step, talk } from "../../../src/protocol/ProxyTalk.js"
import type { Target } from "../Target.js"

const PROXIES = (["http", "socks5"] as const).map(
  (kind): ProxyAddress => ({
    kind,
    host: "proxy.example.org",
    port: 1080,
    credentials: { user: "fred", password: "secret" },
    origin: "--proxy"
  })
)

interface Answered {
  /** Where talking to the proxy has ended. */
  readonly step: Step
  /** Bytes of the proxy's own, and what was said after the first words. */
  readonly taken: number
  readonly said: number
}

/** As a dialler does it: what the proxy says comes in these pieces. */
const hearAll = (proxy: ProxyAddress, pieces: ReadonlyArray<Uint8Array>): Answered => {
  const talking = talk(proxy, { host: "chat.example.org", port: 443 })
  let [taken, said] = [0, 0]
  let heard = new Uint8Array(0)
  let step: Step = { _tag: "More" }
  for (const piece of pieces) {
    heard = Uint8Array.from([...heard, ...piece])
    for (step = talking.hear(heard); step._tag === "Say"; step = talking.hear(heard)) {
      assert.ok(step.taken > 0 && step.taken <= heard.length, "each answer is part of what was heard")
      said++
      taken += step.taken
      heard = heard.subarray(step.taken)
    }
    if (step._tag !== "More") break
  }
  if (step._tag === "Done") {
    assert.ok(step.taken > 0 && step.taken <= heard.length, "what follows is the server's")
    taken += step.taken
  }
  return { step, taken, said }
}

const page = fc.constantFrom(
  "HTTP/1.1 200 Connection established\r\n\r\n{",
  "HTTP/1.0 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n",
  "HTTP/1.1 503 No way\r\nContent-Length: 0\r\n\r\n"
)
const socks = fc.constantFrom(
  Uint8Array.of(5, 0, 5, 0, 0, 1, 192, 0, 2, 1, 4, 56, 123),
  Uint8Array.of(5, 2, 1, 0, 5, 0, 0, 3, 2, 97, 98, 4, 56),
  Uint8Array.of(5, 0, 5, 2, 0, 1, 0, 0, 0, 0, 0, 0)
)

/** What a proxy answers. */
export const target: Target = {
  about: ["src/protocol/ProxyTalk.ts"],
  inputs: fc.oneof<fc.Arbitrary<Uint8Array | string>[]>(page, socks),
  words: [
    "HTTP/1.1 ",
    "200 ",
    "407 ",
    "\r\n\r\n",
    Uint8Array.of(5, 0),
    Uint8Array.of(5, 2, 1, 0),
    Uint8Array.of(5, 0xff)
  ],
  most: MAX_HEARD + 100,
  run: (input) =>
    PROXIES.map((proxy) => {
      const { said, step, taken } = hearAll(proxy, [input])
      if (step._tag === "More") assert.ok(input.length - taken < MAX_HEARD, "no more than the longest is waited for")
      const middle = input.length >> 1
      const inTwo = hearAll(proxy, [input.subarray(0, middle), input.subarray(middle)])
      assert.deepStrictEqual(
        [inTwo.step._tag, inTwo.taken, inTwo.said],
        [step._tag, taken, said],
        "pieces mean nothing"
      )
      return `${proxy.kind} ${step._tag} ${said} ${step._tag === "Failed" ? step.failure.reason : ""}`
    })
}
