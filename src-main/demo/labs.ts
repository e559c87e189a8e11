import big from '../../resources/labs/big.json' with { type: 'json' }
import campus from '../../resources/labs/campus.json' with { type: 'json' }
import teaching from '../../resources/labs/teaching.json' with { type: 'json' }
import type { DemoLab } from '../contract/demo.ts'
import type { LabDescription } from '../twin/lab.ts'
import { readLab } from '../twin/lab-file.ts'

/** Labs that come with the program, by name, each read when it is first wanted. */
const contents: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['teaching', teaching],
  ['campus', campus],
  ['big', big],
])
const read = new Map<string, LabDescription>()

/** Null for a lab that does not come with the program. */
export function labNamed(name: string): LabDescription | null {
  const content = contents.get(name)
  if (content === undefined) return null
  const lab = read.get(name) ?? readLab(content)
  read.set(name, lab)
  return lab
}

/** In the order in which they are offered. */
export function labsAtHand(): DemoLab[] {
  return [...contents.keys()].flatMap((name) => {
    const lab = labNamed(name)
    return lab ? [summaryOf(lab)] : []
  })
}

export function summaryOf({ name, title, description = '', hosts, vms }: LabDescription): DemoLab {
  return { name, title, description, hosts: hosts.length, vms: vms.length }
}
