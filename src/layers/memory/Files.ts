import * as Layer from "effect/Layer"
import { Files } from "../../services/Files.js"
import { FileTree } from "../../services/FileTree.js"
import * as TreeFiles from "../../services/TreeFiles.js"

/** An empty file system that is forgotten with the layer. */
export const layer: Layer.Layer<Files> = Layer.sync(Files, () => TreeFiles.make(new FileTree()))

/** The files in `tree`, which outlive the layer. */
export const layerOn = (tree: FileTree): Layer.Layer<Files> => Layer.sync(Files, () => TreeFiles.make(tree))
