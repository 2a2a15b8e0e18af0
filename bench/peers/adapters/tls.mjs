// TLS 1.3 over TCP, of `node:tls`: what a program gets that can reach the other one anyhow.
import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import tls from "node:tls"
import { framed } from "../framed.mjs"

export const about = "TLS 1.3 over TCP (node:tls)"

export const serve = (host, onPeer) => {
  const { cert, key } = credentials()
  return new Promise((resolve) => {
    const server = tls.createServer({ cert, key, noDelay: true, minVersion: "TLSv1.3" }, (socket) => {
      socket.on("error", () => {})
      socket.on("end", () => socket.end())
      onPeer(framed(streamOf(socket)))
    })
    server.listen(0, host, () => resolve({ host, port: server.address().port, cert: String(cert) }))
  })
}

export const connect = ({ cert, host, port }) =>
  new Promise((resolve, reject) => {
    const socket = tls.connect({ host, port, ca: cert, checkServerIdentity: () => undefined }, () => {
      socket.setNoDelay(true)
      resolve(framed(streamOf(socket)))
    })
    socket.on("error", reject)
  })

const streamOf = (socket) => ({
  write: (bytes) => socket.write(bytes),
  onDrain: (run) => socket.once("drain", run),
  onData: (take) => socket.on("data", take),
  close: () => socket.destroy()
})

const credentials = () => {
  const folder = mkdtempSync(join(tmpdir(), "parley-peers-"))
  const [key, cert] = [join(folder, "key"), join(folder, "cert")]
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=bench"]
  execFileSync("openssl", ["req", "-x509", ...curve, "-keyout", key, "-out", cert], { stdio: "pipe" })
  const read = { cert: readFileSync(cert), key: readFileSync(key) }
  rmSync(folder, { recursive: true })
  return read
}
