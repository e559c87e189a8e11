import type { Prompt, PromptAnswer } from '../contract/host.ts'
import type { Terminal } from './terminal.ts'

/** Puts a question of a connecting host to the terminal. Answers are kept only where it is a host key. Rejects with `Stop` (6) without a terminal. */
export async function answerPrompt(prompt: Prompt, name: string, terminal: Terminal, signal: AbortSignal): Promise<PromptAnswer> {
  const secret = async (what: string, question: string): Promise<PromptAnswer> => {
    const text = await terminal.ask(question, { what, isSecret: true, signal })
    return text === null ? { kind: 'refuse' } : { kind: 'text', texts: [text], remember: false }
  }
  switch (prompt.kind) {
    case 'host-key': {
      const what = `${name} shows a host key that known_hosts does not have: ${prompt.keyType} ${prompt.fingerprint}.`
      const isTrusted = await terminal.confirm(`${what}\nIs this really ${prompt.host}?`, { what, signal })
      return isTrusted ? { kind: 'accept', remember: true } : { kind: 'refuse' }
    }
    case 'passphrase':
      return secret(`The key ${prompt.key} is locked.`, `${prompt.isRetry ? 'That passphrase does not open it. ' : ''}Passphrase of ${prompt.key}: `)
    case 'password':
      return secret(`${prompt.host} asks for a password.`, `${prompt.isRetry ? 'That password was refused. ' : ''}Password of ${prompt.user} on ${prompt.host}: `)
    case 'sudo':
      return secret(`sudo on ${prompt.host} asks for a password.`, `${prompt.isRetry ? 'sudo did not take that. ' : ''}sudo password of ${prompt.user} on ${prompt.host}: `)
    case 'challenge': {
      if (prompt.instructions) terminal.say(prompt.instructions)
      const texts: string[] = []
      for (const { text, isEchoed } of prompt.questions) texts.push((await terminal.ask(`${text} `, { what: `${prompt.host} asks: ${text}`, isSecret: !isEchoed, signal })) ?? '')
      return { kind: 'text', texts, remember: false }
    }
    case 'command': {
      const what = `${prompt.source} wants to run a program to reach ${name}: ${prompt.line}`
      const isAllowed = await terminal.confirm(`${what}\nAllow it?`, { what, signal })
      return isAllowed ? { kind: 'accept', remember: true } : { kind: 'refuse' }
    }
  }
}
