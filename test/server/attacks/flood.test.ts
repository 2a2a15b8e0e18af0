import { describe, expect, test } from "vitest"
import { KeyUpdates } from "../../../scenarios/support/KeyUpdates.js"
import { defaults } from "../../../src/server/ServerOptions.js"
import { own } from "../../support/Certificates.js"
import { LineClient } from "../LineClient.js"
import { serving } from "../serving.js"

const count = (client: LineClient, tag: string) => client.messages.filter(({ _tag }) => _tag === tag).length

describe("a flood", () => {
  test("of requests that nobody limits is not answered to its end before a newcomer is", () => {
    const free = { burst: 1e9, perSecond: 1e9 }
    const session = { ...defaults.session, work: free, strangerWork: free }
    return serving({ session }, async (port) => {
      const flooders = await Promise.all(
        Array.from({ length: FLOODERS }, (_, index) => LineClient.register(port, `flooder-${index}`))
      )
      const flood = '{"_tag":"Ping","id":1}\n'.repeat(PINGS)
      for (const { socket } of flooders) socket.write(flood)
      const newcomer = await LineClient.register(port, "newcomer")
      const answered = flooders.map((flooder) => count(flooder, "Pong"))
      expect(Math.min(...answered)).toBeLessThan(PINGS)
      await newcomer.close()
      await Promise.all(flooders.map((flooder) => flooder.close()))
    })
  })

  test("of new keys for TLS is paid for as lines are", () => {
    const session = { ...defaults.session, strangerWork: { burst: 100, perSecond: 0.001 }, registerMs: 2_000 }
    return serving({ session, tls: own }, async (port) => {
      const client = await KeyUpdates.open({ port, host: "127.0.0.1" })
      const heard = new Promise<string>((resolve) => {
        let text = ""
        client.tls.on("data", (data) => {
          text += data
          if (text.split("\n").length > 2) resolve(text)
        })
      })
      const keys = client.updates(1_000, false)
      const line = client.record(23, Buffer.from('{"_tag":"Register","id":1,"nick":"alice"}\n'))
      client.tcp.write(Buffer.concat([keys, line]))
      // What was asked for behind them is not read before its time.
      expect(await heard).toContain("no nickname was registered in time")
      client.tcp.destroy()
    })
  })

  test("of askers is told to the asked one within its limit, and to the askers that it is", () =>
    serving({ incoming: { burst: 4, perSecond: 0.001 } }, async (port) => {
      const [alice, friend] = [await LineClient.register(port, "alice"), await LineClient.register(port, "friend")]
      alice.send({ _tag: "Watch", id: 1, nicks: ["friend"] })
      await alice.next("Watching")
      const askers = await Promise.all(
        Array.from({ length: 10 }, (_, index) => LineClient.register(port, `asker-${index}`))
      )
      const answers: Array<string> = []
      for (const asker of askers) {
        asker.send({ _tag: "Query", id: 1, nick: "alice" })
        answers.push((await asker.next())._tag)
      }
      expect(answers.filter((tag) => tag === "Peer")).toHaveLength(4)
      expect(answers.filter((tag) => tag === "RateLimited")).toHaveLength(6)
      // Whom alice knows is not held up by them.
      friend.send({ _tag: "Query", id: 1, nick: "alice" })
      await friend.next("Peer")
      alice.send({ _tag: "Ping", id: 2 })
      while ((await alice.next())._tag !== "Pong");
      expect(count(alice, "Incoming")).toBe(5)
      await Promise.all([alice, friend, ...askers].map((client) => client.close()))
    }))
})

const FLOODERS = 4
/** Of each: some tenths of a second of the server's work in all. */
const PINGS = 20_000
