import type { Technique } from '../../../contract/migration.ts'

/** Whether the technique needs the memory to go through the agents. */
export function isRelayed(technique: Technique): technique is 'gang' | 'scatter' {
  return technique === 'gang' || technique === 'scatter'
}

/** Whether the VM is on both hosts at once for a while: what holds of post-copy holds of it. */
export function switchesEarly(technique: Technique): boolean {
  return technique === 'postcopy' || technique === 'hybrid' || technique === 'scatter'
}
