import { expect, it } from "vitest"
import { full } from "../support/Effort.js"
import { Program, server, temporaryFolder } from "./Program.js"

// The way back takes a minute of real time, and is tried in the simulated world (test/client/servers.test.ts).
it.runIf(full)("go to the other one of two servers when theirs is killed, talk on, and say so", async () => {
  const first = await server()
  const second = await server()
  const places = ["--server", first.address, "--server", second.address]
  const start = (nick: string, args: ReadonlyArray<string>, env = {}) =>
    new Program(["client", "--nick", nick, "--json", "--home", temporaryFolder(), ...args], env)
  const alice = start("alice", places)
  const bob = start("bob", [], { PARLEY_SERVER: `${first.address},${second.address}` })
  for (const one of [alice, bob]) {
    expect((await one.event("server")).server).toBe(first.address)
    await one.event("registered")
  }
  alice.command({ cmd: "query", nick: "bob" })
  await bob.event("incoming", { peer: "alice" })
  bob.command({ cmd: "query", nick: "alice" })
  await alice.event("mutual", { peer: "bob" })

  await first.program.kill("SIGKILL")
  for (const one of [alice, bob]) {
    await one.event("serverLost")
    expect(await one.event("server", { server: second.address })).toMatchObject({ insteadOf: first.address })
    await one.event("registered")
  }
  alice.command({ cmd: "send", to: "bob", text: "still here?" }, { cmd: "list", ref: 1 })
  await bob.event("message", { from: "alice", text: "still here?" })
  const { peers } = await alice.event("peers", { ref: 1 })
  expect((peers as ReadonlyArray<{ nick: string }>).map(({ nick }) => nick)).toEqual(["alice", "bob"])
  alice.command({ cmd: "why", nick: "bob", ref: 2 })
  const { lines } = await alice.event("why", { ref: 2 })
  expect((lines as ReadonlyArray<string>).join(" ")).toContain(`${second.address} is used, as ${first.address}`)

  const doctor = new Program(["doctor", "--json", ...places])
  expect(await doctor.exited).toBe(0)
  const report = JSON.parse(doctor.stdout)
  expect(report.server).toMatchObject({ port: second.port })
  expect(report.others).toEqual([{ host: "127.0.0.1", port: first.port, problem: expect.any(String) }])
})
