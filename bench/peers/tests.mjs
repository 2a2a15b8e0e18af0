/** What is measured of an adapter: the same for all, each in a connection of its own. Times are ms. */

export const measure = (test, adapter, address, host, now) => {
  const [kind, amount] = test.split(":")
  return TESTS[kind]({ amount: Number(amount), open: () => open(adapter, address, host), now })
}

/** A connection, with the last answer that came over it. */
const open = async (adapter, address, host) => {
  const prepared = await adapter.prepare?.(address, host)
  const before = performance.now()
  const peer = await within(20_000, adapter.connect(address, host, prepared), "connecting")
  let answered = () => {}
  peer.onMessage((text) => answered(text))
  const ask = (text) =>
    within(
      20_000,
      new Promise((resolve) => {
        answered = resolve
        peer.send(text)
      }),
      "an answer"
    )
  return {
    ...{ ask, before },
    send: (text) => peer.send(text),
    room: () => new Promise((resolve) => peer.onRoom(resolve)),
    /** What has arrived there, asked for until it is as much. */
    arrived: async (is) => {
      for (const end = performance.now() + 30_000; performance.now() < end; await sleep(2)) {
        const seen = JSON.parse((await ask("Z")).slice(1))
        if (is(seen)) return seen
      }
      throw new Error("not everything arrived")
    },
    close: () => Promise.race([peer.close(), sleep(500)])
  }
}

const TESTS = {
  /** From the wish to be connected to the first echo; keys, sockets and accounts are there before. */
  connect: async ({ amount, open }) => {
    const times = []
    for (let at = 0; at < amount; at++) {
      const peer = await open()
      await peer.ask(ECHO)
      times.push(performance.now() - peer.before)
      await peer.close()
    }
    return percentiles("connect", times)
  },
  roundtrip: async ({ amount, open }) => {
    const peer = await open()
    for (let at = 0; at < Math.max(amount / 2, WARM); at++) await peer.ask(ECHO)
    const times = []
    for (let at = 0; at < amount; at++) {
      const start = performance.now()
      await peer.ask(ECHO)
      times.push(performance.now() - start)
    }
    await peer.close()
    return percentiles("roundtrip", times)
  },
  /** 100 bytes each, one way, as fast as there is room, for so many ms after half as many. */
  messages: async ({ amount, open }) => {
    const peer = await open()
    await peer.ask(ECHO)
    const push = async (ms) => {
      let sent = 0
      for (const end = performance.now() + ms; performance.now() < end; ) {
        let hasRoom = true
        for (let burst = 0; burst < 64 && hasRoom; burst++, sent++) hasRoom = peer.send(COUNTED)
        if (!hasRoom) await peer.room()
        else if (sent % 1024 === 0) await new Promise(setImmediate)
      }
      return sent
    }
    const before = await push(amount / 2)
    await peer.arrived(({ count }) => count === before)
    const start = performance.now()
    const sent = await push(amount)
    await peer.arrived(({ count }) => count === before + sent)
    const perSecond = (1_000 * sent) / (performance.now() - start)
    await peer.close()
    return { "messages /s": perSecond }
  },
  /** So many MB one way, in pieces of 64 KB. */
  bulk: async ({ amount, open }) => {
    const peer = await open()
    await peer.ask(ECHO)
    const all = Math.ceil((amount * 1e6) / PIECE.length) * PIECE.length
    const start = performance.now()
    for (let sent = 0; sent < all; sent += PIECE.length) if (!peer.send(PIECE)) await peer.room()
    await peer.arrived(({ bytes }) => bytes >= all)
    const rate = all / 1e6 / ((performance.now() - start) / 1_000)
    await peer.close()
    return { "bulk MB/s": rate }
  },
  /** One each 10 ms, one way: how late each is there. */
  paced: async ({ amount, now, open }) => {
    const peer = await open()
    await peer.ask(ECHO)
    const start = performance.now()
    for (let at = 0; at < amount; at++) {
      await sleep(start + 10 * at - performance.now())
      peer.send(`L${String(now()).padEnd(99, " ")}`)
    }
    const late = []
    while (late.length < amount) {
      await sleep(200)
      late.push(...JSON.parse((await peer.ask("Z")).slice(1)).late)
      if (performance.now() - start > 10 * amount + 20_000) break
    }
    await peer.close()
    return percentiles("paced", late)
  },
  /** One each 500 ms on each of 10 connections, echoed: nothing behind a lost one hastens its repetition. */
  lone: async ({ amount, open }) => {
    const peers = []
    for (let at = 0; at < 10; at++) peers.push(await open())
    for (const peer of peers) await peer.ask(ECHO)
    const times = []
    const talk = async (peer, index) => {
      await sleep(50 * index)
      for (let at = 0; at < amount; at++) {
        const start = performance.now()
        await peer.ask(ECHO)
        times.push(performance.now() - start)
        await sleep(500 - (performance.now() - start))
      }
    }
    await Promise.all(peers.map(talk))
    for (const peer of peers) await peer.close()
    return percentiles("lone", times)
  }
}

/** Round trips until V8 has compiled what they take: ours take 0.35 ms in the first thousand, and 0.15 later. */
const WARM = 4_000
const ECHO = `E${"x".repeat(99)}`
const COUNTED = `C${"x".repeat(99)}`
const PIECE = `B${"x".repeat(65_535)}`

const sleep = (ms) => (ms <= 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms)))

const within = (ms, promise, what) =>
  Promise.race([
    promise,
    new Promise((_, reject) => {
      setTimeout(() => reject(new Error(`no ${what} within ${ms / 1_000} s`)), ms).unref()
    })
  ])

const percentiles = (name, times) => {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (part) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]
  return { [`${name} p50 ms`]: at(0.5), [`${name} p99 ms`]: at(0.99) }
}
