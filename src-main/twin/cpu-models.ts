interface CpuModel {
  readonly vendor: 'Intel' | 'AMD'
  readonly features: readonly string[]
}

const common = ['sse4.1', 'sse4.2', 'ssse3', 'popcnt', 'cx16', 'lahf_lm', 'syscall', 'nx', 'lm']
const avx = [...common, 'aes', 'avx', 'xsave', 'pclmuldq']
const avx2 = [...avx, 'avx2', 'bmi1', 'bmi2', 'fma', 'movbe', 'f16c', 'rdrand']
const skylake = [...avx2, 'adx', 'rdseed', 'smap', 'clflushopt', 'avx512f', 'avx512dq', 'avx512bw', 'avx512vl']
const rome = [...avx2, 'adx', 'rdseed', 'smap', 'clflushopt', 'sha-ni', 'clwb', 'svm']

/** A few of libvirt's models with features that tell them apart; what a model cannot do an older one cannot either. */
const models: Readonly<Record<string, CpuModel>> = {
  qemu64: { vendor: 'AMD', features: ['cx16', 'syscall', 'nx', 'lm'] },
  'Nehalem-IBRS': { vendor: 'Intel', features: common },
  'SandyBridge-IBRS': { vendor: 'Intel', features: avx },
  'Haswell-noTSX-IBRS': { vendor: 'Intel', features: avx2 },
  'Skylake-Server-IBRS': { vendor: 'Intel', features: skylake },
  'Cascadelake-Server-noTSX': { vendor: 'Intel', features: [...skylake, 'avx512vnni'] },
  'Icelake-Server-noTSX': { vendor: 'Intel', features: [...skylake, 'avx512vnni', 'sha-ni', 'vaes', 'clwb'] },
  Opteron_G5: { vendor: 'AMD', features: avx },
  'EPYC-IBPB': { vendor: 'AMD', features: [...avx2, 'adx', 'rdseed', 'smap', 'clflushopt', 'sha-ni', 'svm'] },
  'EPYC-Rome': { vendor: 'AMD', features: rome },
  'EPYC-Milan': { vendor: 'AMD', features: [...rome, 'vaes', 'pku', 'erms'] },
}

export const cpuModelNames: readonly string[] = Object.keys(models)
export const usualCpuModel = 'Skylake-Server-IBRS'

/** An unknown model has the features of the usual one. */
export function cpuModel(name: string): CpuModel {
  return models[name] ?? models[usualCpuModel]!
}

/** What a host is given when its CPU is to be too old. */
export function olderThan(name: string): string {
  return cpuModel(name).vendor === 'AMD' ? 'Opteron_G5' : 'SandyBridge-IBRS'
}

/** The newest model whose features all of `features` have. */
export function baseline(features: readonly (readonly string[])[], vendor: string): string {
  const fits = cpuModelNames.filter((name) => models[name]!.vendor === vendor && features.every((has) => models[name]!.features.every((feature) => has.includes(feature))))
  return fits.at(-1) ?? 'qemu64'
}
