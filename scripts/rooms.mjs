// @ts-check
// Draws docs/rooms.svg from the imports in `src`: which room stands on which. `node scripts/rooms.mjs` writes it; the
// same source gives the same picture, and a test compares it, so it is never out of date. What the rules name as an
// exception is left out.
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { importsOf, ROOT, read } from "./source.mjs"
import { EXCEPTIONS } from "./tidy.mjs"

/** @typedef {Map<string, Set<string>>} Graph what each node stands on, directly */

/** What the picture says beside a room's name. */
const ABOUT = /** @type {Record<string, string>} */ ({
  "main, index": "the program, the library",
  cli: "commands, terminal, JSON mode",
  server: "listens, drives sessions",
  client: "drives sockets, journal, files",
  sim: "the simulated world",
  core: "what is decided: pure machines",
  services: "what programs need of the world",
  "layers/node": "the services on Node",
  "layers/memory": "the services in memory",
  protocol: "what crosses a wire: codecs",
  domain: "what things are",
  "core/client": "registers, introduces, picks ways",
  "core/control": "a client's end of the control link",
  "core/files": "offers, chunks, what is missing",
  "core/history": "what was said, in segments",
  "core/journal": "what must not be lost",
  "core/lan": "finding peers without a server",
  "core/nat": "what the network allows",
  "core/peer": "handshake, paths, streams, loss",
  "core/rendezvous": "nicknames, sessions, relay",
  "core/support": "heaps, buckets, sets of ranges"
})

/** Decides, promises, acts: the three sorts of rooms. */
const SORTS = [
  {
    about: "pure: decides, knows no clock and no socket",
    fill: "#dff0e0",
    line: "#3b7d47",
    rooms: ["domain", "protocol", "core"]
  },
  { about: "contracts: asks the world", fill: "#dde9f7", line: "#34659b", rooms: ["services"] },
  { about: "shell: acts, waits, connects", fill: "#fbeeda", line: "#a06a1a", rooms: [] }
]

const [BOX, HEIGHT, GAP, FLOOR] = [222, 44, 18, 92]
const DUMMY = 26
const [WIDTH, MARGIN] = [960, 24]

/** The picture of everything in `src`. */
/** @param {ReadonlyArray<import("./source.mjs").SourceFile>} files */
export const draw = (files) => {
  const house = graphOf(files, houseRoom)
  const core = graphOf(files, (path) =>
    path.startsWith("src/core/") ? path.split("/").slice(1, 3).join("/") : undefined
  )
  const upper = layout(reduced(house), 64)
  const lower = layout(reduced(core), upper.bottom + 96)
  const height = lower.bottom + 64
  const legend = SORTS.map(({ about, fill, line }, at) => {
    const x = MARGIN + at * 312
    return [
      `<rect x="${x}" y="${height - 34}" width="16" height="16" rx="3" fill="${fill}" stroke="${line}"/>`,
      text(x + 24, height - 21, about, "start", "note")
    ].join("\n")
  })
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="Helvetica, Arial, sans-serif">`,
    "<title>The rooms of src and what they import</title>",
    "<style>.name{font-size:15px;font-weight:bold}.note{font-size:12px;fill:#444}.head{font-size:16px;font-weight:bold}</style>",
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="#777"/></marker></defs>',
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    text(MARGIN, 34, "src: each room imports only rooms below it", "start", "head"),
    ...upper.drawn,
    text(MARGIN, upper.bottom + 62, "src/core: machines that stand on each other", "start", "head"),
    ...lower.drawn,
    ...legend,
    "</svg>"
  ].join("\n")}\n`
}

/** @type {(path: string) => string} */
const houseRoom = (path) => {
  const [, first = "", second = "", third] = path.split("/")
  if (second === "") return "main, index"
  return first === "layers" && third !== undefined ? `${first}/${second}` : first
}

/**
 * @param {ReadonlyArray<import("./source.mjs").SourceFile>} files
 * @param {(path: string) => string | undefined} roomOf files of no room are left out
 * @returns {Graph}
 */
const graphOf = (files, roomOf) => {
  const graph = new Map()
  for (const file of files) {
    const from = roomOf(file.path)
    if (from === undefined) continue
    if (!graph.has(from)) graph.set(from, new Set())
    for (const { target } of importsOf(file)) {
      const to = target === undefined || EXCEPTIONS.includes(`${file.path} -> ${target}`) ? undefined : roomOf(target)
      if (to !== undefined && to !== from) graph.get(from).add(to)
    }
  }
  return new Map([...graph].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Without the arrows that follow from others. */
/** @type {(graph: Graph) => Graph} */
const reduced = (graph) =>
  new Map(
    [...graph].map(([node, below]) => [
      node,
      new Set([...below].filter((to) => ![...below].some((via) => via !== to && reaches(graph, via, to))).sort())
    ])
  )

/** @type {(graph: Graph, from: string, to: string) => boolean} */
const reaches = (graph, from, to) => {
  const queue = [from]
  const seen = new Set(queue)
  for (const at of queue) {
    if (at === to) return true
    for (const next of graph.get(at) ?? []) {
      if (seen.has(next)) continue
      seen.add(next)
      queue.push(next)
    }
  }
  return false
}

/**
 * Boxes on floors (as high as the longest way down), with arrows that pass between boxes where they span floors.
 *
 * @param {Graph} graph
 * @param {number} top
 */
const layout = (graph, top) => {
  const rank = ranks(graph)
  const floors = /** @type {Array<Array<string>>} */ (Array.from({ length: Math.max(...rank.values()) + 1 }, () => []))
  for (const [node, at] of rank) floors[at]?.push(node)
  const ways = /** @type {Array<Array<string>>} */ ([])
  for (const [from, below] of graph) {
    for (const to of below) {
      const way = [from]
      for (let at = (rank.get(from) ?? 0) - 1; at > (rank.get(to) ?? 0); at--) {
        const dummy = `${from} ${to} ${at}`
        floors[at]?.push(dummy)
        way.push(dummy)
      }
      ways.push([...way, to])
    }
  }
  arrange(floors, ways)
  const place = new Map()
  for (const [at, floor] of floors.entries()) {
    const widths = floor.map((node) => (graph.has(node) ? BOX : DUMMY))
    const total = widths.reduce((sum, width) => sum + width + GAP, -GAP)
    let x = (WIDTH - total) / 2
    for (const [index, node] of floor.entries()) {
      const width = widths[index] ?? 0
      place.set(node, { x: x + width / 2, y: top + (floors.length - 1 - at) * FLOOR })
      x += width + GAP
    }
  }
  const drawn = [
    ...ways.map((way) => arrow(way, place)),
    ...[...graph.keys()].map((node) => box(node, place.get(node)))
  ]
  return { drawn, bottom: top + (floors.length - 1) * FLOOR + HEIGHT }
}

/** @type {(graph: Graph) => Map<string, number>} */
const ranks = (graph) => {
  const rank = new Map()
  /** @type {(node: string, above: ReadonlyArray<string>) => number} */
  const of = (node, above) => {
    if (above.includes(node)) throw new Error(`rooms in a circle: ${[...above, node].join(" -> ")}`)
    if (!rank.has(node))
      rank.set(node, Math.max(-1, ...[...(graph.get(node) ?? [])].map((to) => of(to, [...above, node]))) + 1)
    return rank.get(node)
  }
  for (const node of graph.keys()) of(node, [])
  return rank
}

/** Puts what is connected above each other, by the mean place of neighbours, in a fixed number of sweeps. */
/** @type {(floors: Array<Array<string>>, ways: ReadonlyArray<ReadonlyArray<string>>) => void} */
const arrange = (floors, ways) => {
  const neighbours = new Map()
  for (const way of ways) {
    for (let at = 1; at < way.length; at++) {
      for (const [a, b] of [
        [way[at - 1], way[at]],
        [way[at], way[at - 1]]
      ])
        neighbours.set(a, [...(neighbours.get(a) ?? []), b])
    }
  }
  for (let sweep = 0; sweep < 12; sweep++) {
    for (const floor of sweep % 2 === 0 ? floors : [...floors].reverse()) {
      const at = new Map(floors.flatMap((nodes) => nodes.map((node, index) => [node, (index + 0.5) / nodes.length])))
      const mean = (/** @type {string} */ node) => {
        const all = neighbours.get(node) ?? [node]
        return (
          all.reduce((/** @type {number} */ sum, /** @type {string} */ other) => sum + (at.get(other) ?? 0), 0) /
          all.length
        )
      }
      const keys = new Map(floor.map((node) => [node, Math.round(mean(node) * 1e6)]))
      floor.sort((a, b) => (keys.get(a) ?? 0) - (keys.get(b) ?? 0) || (a < b ? -1 : 1))
    }
  }
}

/** @typedef {{ x: number, y: number }} Place */

/** @type {(way: ReadonlyArray<string>, place: Map<string, Place>) => string} */
const arrow = (way, place) => {
  const points = way.map((node) => place.get(node) ?? { x: 0, y: 0 })
  const steps = []
  for (let at = 1; at < points.length; at++) {
    const [from, to] = [points[at - 1], points[at]]
    if (from === undefined || to === undefined) continue
    const [y0, y1] = [from.y + HEIGHT, to.y]
    const middle = round((y0 + y1) / 2)
    steps.push(
      `${at === 1 ? `M${round(from.x)} ${y0}` : `L${round(from.x)} ${y0}`}C${round(from.x)} ${middle} ${round(to.x)} ${middle} ${round(to.x)} ${y1}`
    )
  }
  return `<path d="${steps.join("")}" fill="none" stroke="#777" stroke-width="1.3" marker-end="url(#tip)"/>`
}

/** @type {(node: string, place: Place) => string} */
const box = (node, { x, y }) => {
  const sort = SORTS.find(({ rooms }) => rooms.includes(node.split("/")[0] ?? "")) ?? SORTS[2]
  const about = ABOUT[node]
  return [
    `<rect x="${round(x - BOX / 2)}" y="${y}" width="${BOX}" height="${HEIGHT}" rx="6" fill="${sort?.fill}" stroke="${sort?.line}"/>`,
    text(x, y + (about === undefined ? 27 : 19), node, "middle", "name"),
    ...(about === undefined ? [] : [text(x, y + 36, about, "middle", "note")])
  ].join("\n")
}

/** @type {(x: number, y: number, words: string, anchor: string, style: string) => string} */
const text = (x, y, words, anchor, style) =>
  `<text x="${round(x)}" y="${y}" text-anchor="${anchor}" class="${style}">${words}</text>`

/** @type {(value: number) => number} */
const round = (value) => Math.round(value)

/** Where the picture lies. */
export const PICTURE = join(ROOT, "docs", "rooms.svg")

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(PICTURE, draw(read(["src"])))
