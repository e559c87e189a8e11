// What Drover uses of noVNC, which brings no types (docs/API.md of the package).
declare module '@novnc/novnc' {
  interface Events {
    connect: CustomEvent
    disconnect: CustomEvent<{ clean: boolean }>
    credentialsrequired: CustomEvent<{ types: readonly ('username' | 'password' | 'target')[] }>
    securityfailure: CustomEvent<{ status: number; reason?: string }>
    clipboard: CustomEvent<{ text: string }>
    desktopname: CustomEvent<{ name: string }>
  }

  export default class RFB {
    constructor(target: Element, channel: object, options?: { shared?: boolean; credentials?: { username?: string; password?: string } })
    viewOnly: boolean
    scaleViewport: boolean
    focusOnClick: boolean
    showDotCursor: boolean
    background: string
    disconnect(): void
    focus(options?: FocusOptions): void
    blur(): void
    sendCtrlAltDel(): void
    sendKey(keysym: number, code: string | null, down?: boolean): void
    sendCredentials(credentials: { username?: string; password?: string }): void
    clipboardPasteFrom(text: string): void
    addEventListener<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): void
  }
}
