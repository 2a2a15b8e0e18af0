import { cpSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, it } from "vitest"
import { client, Program, server, temporaryFolder } from "./Program.js"

/** The built program where no libsodium can be found: a copy with nothing beside it. */
const copied = (): string => {
  const folder = temporaryFolder()
  cpSync(fileURLToPath(new URL("../../dist", import.meta.url)), join(folder, "dist"), { recursive: true })
  return join(folder, "dist/main.js")
}

it("a program without native code talks to one with it, and the doctor says why it is slower", async () => {
  const program = copied()
  const { address } = await server()
  const alice = await client("alice", address)
  const args = ["client", "--nick", "bob", "--server", address, "--home", temporaryFolder(), "--json"]
  const bob = new Program(args, {}, { program })
  await bob.event("registered", { nick: "bob" })
  bob.command({ cmd: "query", nick: "alice" })
  await alice.event("incoming", { peer: "bob" })
  alice.command({ cmd: "query", nick: "bob" }, { cmd: "send", to: "bob", text: "hello" })
  expect(await bob.event("message", { from: "alice" })).toMatchObject({ text: "hello" })
  bob.command({ cmd: "send", to: "alice", text: "good to see you" })
  expect(await alice.event("message", { from: "bob" })).toMatchObject({ text: "good to see you" })

  const doctor = new Program(["doctor", "--server", address, "--json"], {}, { program })
  expect(await doctor.exited).toBe(0)
  expect(JSON.parse(doctor.stdout).cryptography).toMatch(/^without native code, slower \(sodium-native: .+\)$/)
})
