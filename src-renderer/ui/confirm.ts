import { shallowRef } from 'vue'

export interface Confirmation {
  readonly title: string
  /** What will happen, in sentences; names what it happens to. */
  readonly lines: readonly string[]
  /** The button says what it does, never just OK. */
  readonly action: string
  readonly isDestructive?: boolean
  /** Has to be typed before the button does anything, such as the name of what goes. */
  readonly typed?: string
}

/** The question on screen, if any; shown by UiConfirm.vue. */
export const confirmation = shallowRef<(Confirmation & { answer(isYes: boolean): void }) | null>(null)

/** Asks; resolves with false when the question is closed or another one takes its place. */
export function askConfirmation(question: Confirmation): Promise<boolean> {
  confirmation.value?.answer(false)
  return new Promise((resolve) => {
    confirmation.value = {
      ...question,
      answer(isYes) {
        confirmation.value = null
        resolve(isYes)
      },
    }
  })
}
