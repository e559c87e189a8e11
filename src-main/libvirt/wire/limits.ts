// Upper bounds of libvirt's protocol files (virnetprotocol.x, remote_protocol.x); both sides refuse what exceeds them.

/** Without the four bytes of the length word. */
export const maxMessage = 32 * 1024 * 1024
export const lengthWord = 4
export const headerLength = 24
/** What one stream packet may carry so that every daemon since 2009 takes it. */
export const maxStreamPacket = 262_120

export const maxString = 4 * 1024 * 1024
export const maxCookie = 4 * 1024 * 1024
export const maxObjects = 16_384
export const maxNodeDevices = 65_536
export const maxStatsParameters = 262_144
export const maxMigrateParameters = 64
export const maxJobStats = 64
export const maxCells = 1024
export const maxCpuModels = 8192
export const maxPeek = 4 * 1024 * 1024
export const maxCpuMaps = 8 * 1024 * 1024
