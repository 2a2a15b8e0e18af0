import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Readable } from "node:stream"
import {
  type ClientEvent,
  connect,
  isClientError,
  ListenError,
  NickTaken,
  NoSuchPeer,
  NotConnected,
  type PromiseClient,
  serve
} from "parley-chat/promise"
import { afterEach, describe, expect, it } from "vitest"

// Real sockets on loopback: what there is in memory is for programs of Effect.

const closing: Array<() => unknown> = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const server = async () => {
  const running = await serve({ host: "127.0.0.1", port: 0 })
  closing.push(running.close)
  return running
}

const client = async (port: number, nick?: string): Promise<PromiseClient> => {
  const home = mkdtempSync(join(tmpdir(), "parley-test-"))
  closing.push(() => rmSync(home, { recursive: true, maxRetries: 10 }))
  const named = nick === undefined ? {} : { nick }
  const made = await connect({ server: { host: "127.0.0.1", port }, home, portMapping: false, ...named })
  closing.push(() => made.close(0))
  return made
}

/** The next event of that kind. Leaving a loop ends nothing: the next call goes on where it stopped. */
const next = async <Tag extends ClientEvent["_tag"]>(from: PromiseClient, tag: Tag) => {
  for await (const event of from.events()) if (event._tag === tag) return event as Extract<ClientEvent, { _tag: Tag }>
  throw new Error(`no ${tag}`)
}

/** Two who have asked for each other. */
const pair = async () => {
  const { port } = await server()
  const [alice, bob] = [await client(port, "alice"), await client(port, "bob")]
  const asked = alice.query("bob")
  expect(await next(bob, "Incoming")).toMatchObject({ nick: "alice" })
  await bob.query("alice")
  expect(await asked).toMatchObject({ nick: "bob", trust: "new" })
  return { alice, bob }
}

describe("without Effect", () => {
  it("two clients talk, and know what arrived", async () => {
    const { alice, bob } = await pair()
    const id = await alice.send("bob", "hello")
    expect(await next(bob, "Message")).toMatchObject({ from: "alice", text: "hello", id })
    // Shown is what another one was asked for after.
    const after = next(bob, "Closed")
    expect(await next(alice, "Delivered")).toMatchObject({ nick: "bob", id })
    expect(await alice.status("bob")).toMatchObject({ undelivered: 0 })
    await bob.close()
    expect(await after).toMatchObject({ reason: "exit" })
  })

  it("an error is an instance of its class, with its tag and a sentence", async () => {
    const { port } = await server()
    const alice = await client(port, "alice")
    const nobody = await alice.query("nobody").catch((error: unknown) => error)
    expect(nobody).toBeInstanceOf(NoSuchPeer)
    expect(nobody).toMatchObject({ _tag: "NoSuchPeer", message: expect.stringContaining("nobody") })
    expect(isClientError(nobody)).toBe(true)
    expect(isClientError(new Error("other"))).toBe(false)
    await expect(alice.send("nobody", "hi")).rejects.toBeInstanceOf(NotConnected)
    await expect(client(port, "alice")).rejects.toBeInstanceOf(NickTaken)
    await expect(serve({ host: "127.0.0.1", port })).rejects.toBeInstanceOf(ListenError)
  })

  it("a signal ends a wait with its reason, and the client goes on", async () => {
    const { alice, bob } = await pair()
    const control = new AbortController()
    const seen: Array<string> = []
    const loop = (async () => {
      for await (const event of bob.events({ signal: control.signal })) seen.push(event._tag)
    })()
    control.abort(new Error("enough"))
    await expect(loop).rejects.toThrow("enough")
    await expect(bob.list({ signal: AbortSignal.abort(new Error("at once")) })).rejects.toThrow("at once")
    await alice.send("bob", "still there?")
    expect(await next(bob, "Message")).toMatchObject({ text: "still there?" })
  })

  it("a signal ends an attempt to connect, which leaves nothing behind", async () => {
    const control = new AbortController()
    const gone = await server()
    await gone.close()
    const home = join(tmpdir(), "parley-never-made")
    const attempt = connect({
      nick: "alice",
      server: { host: "127.0.0.1", port: gone.port },
      home,
      signal: control.signal
    })
    control.abort(new Error("too long"))
    await expect(attempt).rejects.toThrow("too long")
  })

  it("bytes go from one stream to another", async () => {
    const { alice, bob } = await pair()
    const content = Buffer.alloc(300_000, "parley ")
    await alice.files.offerStream("bob", "words.txt", Readable.from([content.subarray(0, 7), content.subarray(7)]))
    const { transfer } = await next(bob, "Transfer")
    expect(transfer).toMatchObject({ name: "words.txt", state: "offered", direction: "in" })
    const pieces: Array<Uint8Array> = []
    for await (const piece of bob.files.acceptStream(transfer.id)) pieces.push(piece)
    expect(Buffer.concat(pieces).equals(content)).toBe(true)
  })

  it("whoever leaves a stream before its end cancels the transfer; what a stream throws is thrown", async () => {
    const { alice, bob } = await pair()
    await alice.files.offerStream("bob", "words.txt", Readable.from([Buffer.alloc(5 << 20)]))
    const { transfer } = await next(bob, "Transfer")
    for await (const _ of bob.files.acceptStream(transfer.id)) break
    const over = async () => {
      for await (const event of alice.events())
        if (event._tag === "Transfer" && event.transfer.state === "cancelled") return event.transfer.name
      return undefined
    }
    expect(await over()).toBe("words.txt")
    const broken = async function* () {
      yield Buffer.from("a")
      throw new RangeError("the source broke")
    }
    await expect(alice.files.offerStream("bob", "broken", broken())).rejects.toBeInstanceOf(RangeError)
  })

  it("a closed client refuses calls, ends its loops, and may be closed again", async () => {
    const { port } = await server()
    const loop: Array<string> = []
    let reading: Promise<void>
    const kept = await (async () => {
      await using alice = await client(port, "alice")
      reading = (async () => {
        for await (const { _tag } of alice.events()) loop.push(_tag)
      })()
      return alice
    })()
    await reading!
    expect(loop.at(-1)).toBe("Closed")
    await kept.close()
    await expect(kept.list()).rejects.toMatchObject({ _tag: "Closed" })
    expect(await kept.events().next()).toEqual({ done: true, value: undefined })
  })

  it("a server says what it has to say where it is told to, and counts", async () => {
    const said: Array<string> = []
    const running = await serve({
      host: "127.0.0.1",
      port: 0,
      log: (level, message) => said.push(`${level} ${message}`)
    })
    closing.push(running.close)
    await client(running.port, "alice")
    expect(await running.stats()).toMatchObject({ live: 1 })
    await running.close()
    expect(said).toEqual(["info listening", "info going down"])
  })
})

it("what is exported without Effect has no type of Effect in its signatures", () => {
  const api = readFileSync(new URL("../../src/promise/Api.ts", import.meta.url), "utf8")
  expect(api).not.toMatch(/"@?effect\//)
})
