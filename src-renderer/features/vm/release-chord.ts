/**
 * The way out of a console that takes every key: Ctrl and Alt pressed together and let go with nothing between. (Ctrl+Alt+Del and the like stay
 * the guest's.) AltGr, which some systems report as Ctrl and Alt, is no such chord.
 */
export class ReleaseChord {
  #isArmed = false

  /** Takes a key event; true when it completes the chord. */
  take(event: Pick<KeyboardEvent, 'type' | 'key' | 'ctrlKey' | 'altKey'> & { getModifierState?(name: string): boolean }): boolean {
    const isModifier = event.key === 'Control' || event.key === 'Alt'
    if (event.type === 'keydown') {
      const isAltGr = event.getModifierState?.('AltGraph') ?? false
      this.#isArmed = isModifier && !isAltGr && event.ctrlKey && event.altKey
      return false
    }
    if (!this.#isArmed || !isModifier) return false
    this.#isArmed = false
    return true
  }
}
