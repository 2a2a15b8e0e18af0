import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { bundle } from "../../scripts/release/executable.mjs"
import { Program, temporaryFolder, untilThere } from "../e2e/Program.js"
import { full } from "../support/Effort.js"

// The single executable is this file inside of a copy of Node, which `npm run release` makes.
it.runIf(full)("one file has all of the program, and takes nothing that lies beside it", async () => {
  const folder = temporaryFolder()
  const { files, metafiles } = await bundle(folder)
  expect(Object.keys(files)).toContain("man/parley.1")
  const inside = metafiles.flatMap(({ inputs }) => Object.keys(inputs))
  expect(inside.filter((path) => /sodium|noise-handshake/i.test(path))).toEqual(["src/layers/node/Sodium.ts"])
  const planted = join(folder, "node_modules", "sodium-native")
  mkdirSync(planted, { recursive: true })
  writeFileSync(join(planted, "index.js"), 'console.log("planted"); process.exit(9)')
  const program = join(folder, "parley.cjs")
  const server = new Program(["server", "--host", "127.0.0.1", "--port", "0"], {}, { program })
  const [, address = ""] = await server.until(
    "it listens",
    () => /listening on (\S+)\n/.exec(server.stdout) ?? undefined
  )
  const doctor = new Program(["doctor", "-s", address], {}, { program })
  expect(await doctor.exited).toBe(0)
  expect(doctor.stdout).toContain("a single executable has no native code beside it")
  const receiver = new Program(["receive-file", "-yn", "bob", "-s", address, "-o-", "--home", folder], {}, { program })
  const sender = await untilThere(() => {
    const started = new Program(
      ["send-file", "-n", "alice", "-t", "bob", "-s", address, "--home", folder, "-"],
      {},
      { program }
    )
    started.write("all of it")
    started.end()
    return started
  })
  expect([await receiver.exited, receiver.stdout]).toEqual([0, "all of it"])
  expect(server.stdout + server.stderr + sender.stderr).not.toContain("planted")
})
