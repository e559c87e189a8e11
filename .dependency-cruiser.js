// The arrows between rooms (see CONTRIBUTING.md, "The house"). A room may import itself and what is listed here; nothing else of ours.
const rooms = {
  'src-main/contract': [],
  'src-main/base': [],
  'src-main/transport': ['src-main/base'],
  'src-main/ssh': ['src-main/transport', 'src-main/base'],
  'src-main/libvirt/wire': ['src-main/base'],
  'src-main/libvirt/xml': ['src-main/base'],
  'src-main/libvirt/client': ['src-main/libvirt/wire', 'src-main/base'],
  'src-main/libvirt/drive': ['src-main/libvirt/client', 'src-main/libvirt/wire', 'src-main/base'],
  'src-main/agent/protocol': ['src-main/libvirt/drive', 'src-main/base'],
  'src-main/agent': ['src-main/libvirt', 'src-main/base'],
  // The agent's own server and conductor run on simulated hosts too; they bring libvirt's client along.
  'src-main/twin': ['src-main/transport', 'src-main/libvirt', 'src-main/agent', 'src-main/base'],
  'src-main/store': ['src-main/contract', 'src-main/base'],
  'src-main/features/settings': ['src-main/contract', 'src-main/store', 'src-main/base'],
  'src-main/features/job': ['src-main/features/settings', 'src-main/contract', 'src-main/store', 'src-main/base'],
  'src-main/features/host': ['src-main/features/(settings|job)', 'src-main/(contract|store|base|transport|libvirt|agent)'],
  'src-main/features/vm': ['src-main/features/(settings|job|host)', 'src-main/(contract|store|base|transport|libvirt|agent)'],
  'src-main/features/migration': ['src-main/features/(settings|job|host|vm)', 'src-main/(contract|store|base|transport|libvirt|agent)'],
  'src-main/features/cluster': ['src-main/features/(settings|job|host|vm|migration)', 'src-main/(contract|store|base|transport|libvirt)'],
  'src-main/demo': ['src-main/(contract|twin|transport|base)'],
  'src-main/owner': ['src-main/(contract|store|base)'],
  'src-main/browser': ['src-main/base'],
  'src-main/cli': ['src-main/(contract|owner|base)'],
  'src-main/electron': ['src-main/(contract|base)'],
  'src-renderer/ui': [],
  'src-renderer/features': ['src-renderer/ui', 'src-renderer/backend', 'src-main/contract'],
  'src-renderer/pages': ['src-renderer/(ui|features|backend)', 'src-main/contract'],
}
const ours = '^(src-main|src-renderer|test|build)/'

export default {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    { name: 'not-to-test', severity: 'error', from: { path: '^src-' }, to: { path: '^(test|build)/' } },
    ...Object.entries(rooms).map(([room, allowed]) => ({
      name: `room ${room}`,
      severity: 'error',
      // Tests beside the code may reach for fixtures of their own room only, so the same rule holds for them.
      from: { path: `^${room}/` },
      to: { path: ours, pathNot: [`^${room}/`, ...allowed.map((path) => `^${path}(/|\\.ts)`)] },
    })),
    {
      name: 'electron-only-in-the-shell',
      severity: 'error',
      from: { path: '^src-', pathNot: '^src-main/(electron/|index\\.ts|preload\\.ts)' },
      to: { path: '^node_modules/electron/' },
    },
    { name: 'echarts-only-in-ui', severity: 'error', from: { path: '^src-renderer/', pathNot: '^src-renderer/ui/' }, to: { path: '^node_modules/(echarts|vue-echarts)/' } },
    { name: 'sqlite-only-in-store', severity: 'error', from: { path: '^src-', pathNot: '^src-main/store/' }, to: { path: '^(node:)?sqlite$|^node_modules/kysely' } },
    { name: 'ssh2-only-in-ssh', severity: 'error', from: { path: '^src-', pathNot: '^src-main/ssh/' }, to: { path: '^node_modules/ssh2/' } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'] },
  },
}
