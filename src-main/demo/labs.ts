import big from '../../resources/labs/big.json' with { type: 'json' }
import campus from '../../resources/labs/campus.json' with { type: 'json' }
import teaching from '../../resources/labs/teaching.json' with { type: 'json' }
import { Failure, messageOf } from '../base/failure.ts'
import type { DemoLab } from '../contract/demo.ts'
import type { LabDescription } from '../twin/lab.ts'
import { readLab } from '../twin/lab-file.ts'
import { World } from '../twin/world.ts'

/** Labs that come with the program, by name, each read when it is first wanted. */
const own: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['teaching', teaching],
  ['campus', campus],
  ['big', big],
])
const read = new Map<string, LabDescription>()

/** Null for a lab that neither comes with the program nor was added. */
export function labNamed(name: string): LabDescription | null {
  const known = read.get(name)
  if (known) return known
  const content = own.get(name)
  if (content === undefined) return null
  const lab = readLab(content)
  read.set(name, lab)
  return lab
}

/** Takes in a lab out of a file. Throws `twin-lab-invalid` with each place that is wrong, or `demo-name-taken`. */
export function addLab(text: string): DemoLab {
  const lab = readLab(parsed(text))
  if (own.has(lab.name)) throw new Failure('demo-name-taken', `Drover has a lab of its own that is called ${lab.name}.`, { next: 'Give the lab in the file another name.' })
  // Names that lead nowhere are found by trying.
  World.create(lab, { isManual: true }).dispose()
  read.set(lab.name, lab)
  return summaryOf(lab)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (thrown) {
    throw new Failure('twin-lab-invalid', 'This is no JSON.', { evidence: messageOf(thrown), next: 'Correct the file and open it again.' })
  }
}

/** In the order in which they are offered: Drover's own, then those that were added. */
export function labsAtHand(): DemoLab[] {
  return [...new Set([...own.keys(), ...read.keys()])].flatMap((name) => {
    const lab = labNamed(name)
    return lab ? [summaryOf(lab)] : []
  })
}

export function summaryOf({ name, title, description = '', hosts, vms }: LabDescription): DemoLab {
  return { name, title, description, hosts: hosts.length, vms: vms.length }
}
