// Plain JavaScript, because an older Node could not even read a .ts file to be told that it is too old. Runs before everything else.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  const why =
    process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch)
      ? 'Run `npm ci` without --omit=optional and --ignore-optional: it brings a Node of its own, which `npm run` then uses.'
      : 'Install Node 22.18 or newer (https://nodejs.org) and try again.'
  process.stderr.write(`Drover needs Node 22.18 or newer to build and test, and this is Node ${process.versions.node}. ${why}\n`)
  process.exit(1)
}
