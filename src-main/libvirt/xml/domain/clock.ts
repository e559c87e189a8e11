import { many, or, shape, text, whole, word, yes, type Read } from '../read.ts'

const TIMER = shape({
  /** `tsc`, `kvmclock`, `hypervclock`, `hpet`, `pit`, `rtc`, `platform`, `armvtimer`. */
  name: or(text('@name'), ''),
  isPresent: yes('@present'),
  tickPolicy: word('@tickpolicy', ['delay', 'catchup', 'merge', 'discard']),
  track: text('@track'),
  /** Hertz; a fixed TSC needs the same frequency or scaling at the next host. */
  frequency: whole('@frequency'),
  mode: word('@mode', ['auto', 'native', 'emulate', 'paravirt', 'smpsafe']),
})

/** `<clock>`. https://libvirt.org/formatdomain.html#time-keeping */
export const readClock = shape({
  offset: word('@offset', ['utc', 'localtime', 'timezone', 'variable', 'absolute']),
  timezone: text('@timezone'),
  basis: word('@basis', ['utc', 'localtime']),
  timers: many('timer', TIMER),
})
export type Clock = Read<typeof readClock>
