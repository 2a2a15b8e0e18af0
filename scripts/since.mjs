/**
 * A plugin of typedoc: a warning for everything public that does not say since which version it is there, so that
 * somebody who has to support an older version knows what to leave alone.
 */
export const load = (app) => {
  app.on("validateProject", (project) => {
    for (const name of without(project)) app.logger.validationWarning(`${name} has no @since`)
  })
}

const without = function* (parent) {
  for (const child of parent.children ?? []) {
    if (child.kind & MODULE_OR_NAMESPACE) yield* without(child)
    else if (child.variant !== "reference" && ![child, ...(child.signatures ?? [])].some(says))
      yield child.getFullName()
  }
}

const says = ({ comment }) => comment?.getTag("@since") !== undefined

/** Of typedoc's `ReflectionKind`, whose module a plugin that lies here cannot import. */
const MODULE_OR_NAMESPACE = 0b110
