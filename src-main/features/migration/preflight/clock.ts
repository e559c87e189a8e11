import type { Check, PreflightSide } from './check.ts'
import { about } from './finding.ts'

const { warning } = about('clock')

/** Seconds of difference from which a guest, or a certificate, notices. */
const tolerated = 2

/** A guest's clock goes on from the destination's: when that is wrong, time jumps. */
export const clock: Check = {
  subject: 'clock',
  async run({ domain, source, destination }) {
    if (!domain.isActive) return []
    const [here, there] = await Promise.all([offset(source), offset(destination)])
    if (here === null || there === null) return []
    const apart = Math.abs(here - there)
    if (apart <= tolerated) return []
    return [
      warning('clock-differs', `The clocks of ${source.name} and ${destination.name} are ${apart.toFixed(0)} s apart.`, {
        next: 'Let both keep time with NTP; otherwise the guest’s clock may jump.',
      }),
    ]
  },
}

/** Seconds by which the host's clock is ahead of ours; half the way there and back counts as the way there. */
async function offset({ facts }: PreflightSide): Promise<number | null> {
  const before = Date.now()
  const answer = await facts.exec(['date', '+%s.%N'])
  const after = Date.now()
  const said = Number(answer?.stdout.trim())
  return answer?.code === 0 && Number.isFinite(said) ? said - (before + after) / 2000 : null
}
