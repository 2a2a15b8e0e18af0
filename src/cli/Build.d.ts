/** The version in package.json, put in by the build. */
declare const PARLEY_VERSION: string
