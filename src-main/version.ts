import about from '../package.json' with { type: 'json' }

/** Of this program, from package.json; the bundler puts it in. */
export const version: string = about.version
