import { expect, test } from "vitest"
import { Proofs, type Question } from "../../src/server/Proofs.js"

/** A verifier that answers when it is told to, and who was answered. */
const place = () => {
  const asked: Array<() => void> = []
  const answered: Array<string> = []
  const proofs = new Proofs({ verify: (_, done) => asked.push(() => done(true)) })
  const ask = (address: string, name: string, more: Partial<Question> = {}) =>
    proofs.verify(
      { crowd: address, key: address },
      { checks: [], isWanted: () => true, done: () => answered.push(name), ...more }
    )
  return { asked, answered, ask }
}

test("few proofs are under way at a time, and a stranger's many let a newcomer's one go first", () => {
  const { answered, ask, asked } = place()
  for (let i = 0; i < 1_000; i++) ask("203.0.113.1", `flood-${i}`)
  expect(asked.length).toBeLessThan(50)
  const ahead = asked.length
  ask("192.0.2.1", "newcomer")
  for (let i = 0; i < ahead + 2; i++) asked[i]!()
  expect(answered).toContain("newcomer")
  for (let i = ahead + 2; i < asked.length; i++) asked[i]!()
  expect(answered).toHaveLength(1_001)
})

test("whoever has left is not verified, nor told of a verdict", () => {
  const { answered, ask, asked } = place()
  for (let i = 0; i < 1_000; i++) ask("203.0.113.1", `here-${i}`, i < 500 ? {} : { isWanted: () => false })
  for (let i = 0; i < asked.length; i++) asked[i]!()
  expect(asked).toHaveLength(500)
  let isHere = true
  ask("203.0.113.1", "leaves", { isWanted: () => isHere })
  isHere = false
  asked.at(-1)!()
  expect(answered).not.toContain("leaves")
})

test("a verifier that answers on the spot is no deeper call for each that waits", () => {
  const answered: Array<number> = []
  const proofs = new Proofs({ verify: (_, done) => done(true) })
  for (let i = 0; i < 100; i++) {
    const done = () => answered.push(i)
    proofs.verify({ crowd: "a", key: "a" }, { checks: [], isWanted: () => true, done })
  }
  expect(answered).toHaveLength(100)
})
