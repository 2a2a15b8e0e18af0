// Makes src/domain/ConfusablesData.ts from confusables.txt of the Unicode security data (UTS 39, "Unicode Security
// Mechanisms"):
//
//   node scripts/confusables.mjs PATH/TO/confusables.txt
//
// The file is part of https://www.unicode.org/Public/security/ and of ICU's sources (icu4c/source/data/unidata).
import { readFileSync, writeFileSync } from "node:fs"

const [path] = process.argv.slice(2)
if (path === undefined) {
  console.error("usage: node scripts/confusables.mjs PATH/TO/confusables.txt")
  process.exit(2)
}

const source = readFileSync(path, "utf8")
const version = /^# Version: (\S+)/m.exec(source)?.[1]
if (version === undefined) throw new Error(`${path} does not look like confusables.txt: no version`)

const codePoints = (text) =>
  text
    .trim()
    .split(/\s+/)
    .map((hex) => Number.parseInt(hex, 16))

/** Prototype (base 36 code points joined by `.`) to the code points that look like it. */
const groups = new Map()
for (const line of source.split("\n")) {
  const match = /^([0-9A-F]+)\s*;\s*([0-9A-F ]+?)\s*;\s*MA/.exec(line)
  if (match === null) continue
  const [from] = codePoints(match[1])
  const prototype = codePoints(match[2])
    .map((code) => code.toString(36))
    .join(".")
  if (!groups.has(prototype)) groups.set(prototype, [])
  groups.get(prototype).push(from)
}

/** Ascending code points as base 36: the first whole, each further one as its distance. */
const deltas = (codes) => {
  codes.sort((a, b) => a - b)
  return codes.map((code, i) => (i === 0 ? code : code - codes[i - 1]).toString(36)).join(",")
}

const words = [...groups].map(([prototype, codes]) => `${prototype}=${deltas(codes)}`)
words.sort()

const WIDTH = 118
const lines = []
let line = ""
for (const word of words.flatMap((entry) => split(entry))) {
  if (line !== "" && line.length + 1 + word.length > WIDTH) {
    lines.push(line)
    line = ""
  }
  line = line === "" ? word : `${line} ${word}`
}
lines.push(line)

/** Long groups become several words, so that no line grows beyond the width of the page. */
function split(entry) {
  if (entry.length <= WIDTH) return [entry]
  const [prototype, list] = entry.split("=")
  let code = 0
  const codes = list.split(",").map((delta) => {
    code += Number.parseInt(delta, 36)
    return code
  })
  const half = codes.length >> 1
  return [codes.slice(0, half), codes.slice(half)].flatMap((part) => split(`${prototype}=${deltas(part)}`))
}

const count = [...groups.values()].reduce((sum, codes) => sum + codes.length, 0)
writeFileSync(
  new URL("../src/domain/ConfusablesData.ts", import.meta.url),
  `// Made by scripts/confusables.mjs from confusables.txt ${version} (UTS 39): ${count} characters. Do not edit.
//
// UNICODE LICENSE V3
//
// COPYRIGHT AND PERMISSION NOTICE
//
// Copyright © 2016-2025 Unicode, Inc.
//
// NOTICE TO USER: Carefully read the following legal agreement. BY DOWNLOADING, INSTALLING, COPYING OR OTHERWISE USING
// DATA FILES, AND/OR SOFTWARE, YOU UNEQUIVOCALLY ACCEPT, AND AGREE TO BE BOUND BY, ALL OF THE TERMS AND CONDITIONS OF
// THIS AGREEMENT. IF YOU DO NOT AGREE, DO NOT DOWNLOAD, INSTALL, COPY, DISTRIBUTE OR USE THE DATA FILES OR SOFTWARE.
//
// Permission is hereby granted, free of charge, to any person obtaining a copy of data files and any associated
// documentation (the "Data Files") or software and any associated documentation (the "Software") to deal in the Data
// Files or Software without restriction, including without limitation the rights to use, copy, modify, merge, publish,
// distribute, and/or sell copies of the Data Files or Software, and to permit persons to whom the Data Files or
// Software are furnished to do so, provided that either (a) this copyright and permission notice appear with all copies
// of the Data Files or Software, or (b) this copyright and permission notice appear in associated Documentation.
//
// THE DATA FILES AND SOFTWARE ARE PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT
// LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT OF THIRD PARTY
// RIGHTS.
//
// IN NO EVENT SHALL THE COPYRIGHT HOLDER OR HOLDERS INCLUDED IN THIS NOTICE BE LIABLE FOR ANY CLAIM, OR ANY SPECIAL
// INDIRECT OR CONSEQUENTIAL DAMAGES, OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN
// AN ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR
// PERFORMANCE OF THE DATA FILES OR SOFTWARE.
//
// Except as contained in this notice, the name of a copyright holder shall not be used in advertising or otherwise to
// promote the sale, use or other dealings in these Data Files or Software without prior written authorization of the
// copyright holder.
// SPDX-License-Identifier: Unicode-3.0

/** Version of the Unicode security data. */
export const VERSION = ${JSON.stringify(version)}

/**
 * Words \`prototype=characters\`, all numbers in base 36. The prototype is code points joined by \`.\`; the characters
 * that look like it are code points in ascending order, the first whole and each further one as the distance from the
 * one before.
 */
export const DATA = \`
${lines.join("\n")}
\`
`
)
