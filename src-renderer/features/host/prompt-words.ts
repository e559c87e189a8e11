import type { Prompt } from '../../../src-main/contract/host.ts'

export interface PromptWords {
  readonly title: string
  /** What is asked and why, in a sentence. */
  readonly what: string
  readonly evidence: readonly (readonly [name: string, value: string])[]
  readonly advice: string
  /** Why it is asked again, if it is. */
  readonly warning: string
  readonly fields: readonly { readonly label: string; readonly isEchoed: boolean }[]
  readonly accept: string
  readonly refuse: string
  /** Label of the box that keeps the answer; empty where nothing is kept. */
  readonly remember: string
  readonly rememberedAtFirst: boolean
  /** Whether what would be kept is a secret. */
  readonly isSecret: boolean
}

const secret = { evidence: [], advice: '', refuse: 'Do not connect', rememberedAtFirst: false, isSecret: true } as const

/** The words in which a question of a connecting host is put. `name` is the host's shown name. */
export function promptWords(prompt: Prompt, name: string): PromptWords {
  switch (prompt.kind) {
    case 'host-key':
      return {
        title: `Is this really ${prompt.host}?`,
        what: `Your known_hosts does not know this host yet. It shows the ${prompt.keyType} key below.`,
        evidence: [
          ['Host', prompt.port === 22 ? prompt.host : `${prompt.host}, port ${prompt.port}`],
          ['Key', prompt.keyType],
          ['Fingerprint', prompt.fingerprint],
          ...prompt.remarks.map((remark) => ['Note', remark] as const),
        ],
        advice: 'Compare the fingerprint with one that you trust, such as what “ssh-keygen -lf” prints on the host for its public key. If it differs, somebody may be standing between you and the host.',
        warning: '',
        fields: [],
        accept: 'Trust and connect',
        refuse: 'Do not connect',
        remember: 'Write it to known_hosts, so that it is not asked again',
        rememberedAtFirst: true,
        isSecret: false,
      }
    case 'passphrase':
      return {
        ...secret,
        title: 'Passphrase of your key',
        what: `The key ${prompt.key} is locked, and ${name} is reached with it.`,
        warning: prompt.isRetry ? 'That passphrase does not open the key.' : '',
        fields: [{ label: 'Passphrase', isEchoed: false }],
        accept: 'Unlock',
        remember: 'Keep it for the next time',
      }
    case 'password':
      return {
        ...secret,
        title: `Password of ${prompt.user} on ${prompt.host}`,
        what: 'No key was accepted, and the host takes passwords.',
        warning: prompt.isRetry ? 'That password was refused.' : '',
        fields: [{ label: 'Password', isEchoed: false }],
        accept: 'Log in',
        remember: 'Keep it for the next time',
      }
    case 'challenge':
      return {
        ...secret,
        title: prompt.name ? `${prompt.host} asks: ${prompt.name}` : `${prompt.host} asks`,
        what: prompt.instructions || `${prompt.host} wants an answer before it lets you in.`,
        warning: '',
        fields: prompt.questions.map(({ text, isEchoed }) => ({ label: text.replace(/:\s*$/, ''), isEchoed })),
        accept: 'Answer',
        remember: '',
      }
    case 'sudo':
      return {
        ...secret,
        title: `sudo password of ${prompt.user} on ${prompt.host}`,
        what: `${prompt.user} may not open libvirt’s socket there. Drover would reach it through sudo, which asks for the password.`,
        warning: prompt.isRetry ? 'sudo did not take that password.' : '',
        fields: [{ label: 'Password', isEchoed: false }],
        accept: 'Use sudo',
        remember: 'Keep it for the next time',
      }
    case 'command':
      return {
        title: 'May this command run on your computer?',
        what: `Your ssh_config runs a program to reach ${prompt.host}. Drover runs it only when you allow this very line.`,
        evidence: [
          ['Command', prompt.command],
          ['Line', prompt.line],
          ['From', prompt.source],
        ],
        advice: '',
        warning: '',
        fields: [],
        accept: 'Run it',
        refuse: 'Do not run',
        remember: 'Allow this line from now on',
        rememberedAtFirst: true,
        isSecret: false,
      }
  }
}
