/** The version in package.json, put in by the build. */
declare const PARLEY_VERSION: string

/** The versions of Node that it runs on, as package.json has them (`>=20.19`). */
declare const PARLEY_NODE: string

/** The file with all but `Front`, beside the file that `Front` is in; undefined in a single executable. */
declare const PARLEY_PROGRAM: string | undefined

/** Defined in a single executable alone, which has no files beside it. */
declare const PARLEY_SINGLE: true | undefined

/** What people see of the command line, made of the records of `commands` by the build. */
declare const PARLEY_SURFACE: import("./help/Surface.js").Surface

/** The page that shows a server to people, made of `page` by the build, its script, and what it may load and run. */
declare const PARLEY_PAGE: string
declare const PARLEY_PAGE_SCRIPT: string
declare const PARLEY_PAGE_POLICY: string
