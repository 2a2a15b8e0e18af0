import { noise } from "@chainsafe/libp2p-noise"
import { yamux } from "@chainsafe/libp2p-yamux"
import { tcp } from "@libp2p/tcp"
import { libp2p } from "../libp2p.mjs"

export const about = "js-libp2p (TCP, Noise, Yamux)"

export const { connect, prepare, serve } = libp2p(
  { transports: [tcp()], connectionEncrypters: [noise()], streamMuxers: [yamux()] },
  (host) => `/ip4/${host}/tcp/0`
)
