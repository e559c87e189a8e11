import type { ITheme } from '@xterm/xterm'

/** Colours of the serial console; the sixteen of the terminal are set per side so that each is told apart on its background. */
export function terminalTheme(isDark: boolean): ITheme {
  return isDark
    ? {
        background: '#0c0f12', foreground: '#d3d9df', cursor: '#7fb2f9', cursorAccent: '#0c0f12', selectionBackground: '#2b4a75',
        black: '#20262c', red: '#f2807b', green: '#55c183', yellow: '#e0ac4f', blue: '#7fb2f9', magenta: '#d49af0', cyan: '#5fc9cf', white: '#d3d9df',
        brightBlack: '#8a95a1', brightRed: '#ff9f9a', brightGreen: '#7fdca5', brightYellow: '#f2c878', brightBlue: '#a6caff', brightMagenta: '#e5bbf7', brightCyan: '#8be3e7', brightWhite: '#ffffff',
      }
    : {
        background: '#ffffff', foreground: '#1f262d', cursor: '#1f5fc0', cursorAccent: '#ffffff', selectionBackground: '#bfd8fd',
        black: '#1f262d', red: '#b3261e', green: '#17703a', yellow: '#8a5a00', blue: '#1f5fc0', magenta: '#8b2f9c', cyan: '#0b6b78', white: '#5f6a77',
        brightBlack: '#525d6a', brightRed: '#c62f2f', brightGreen: '#17803f', brightYellow: '#a46206', brightBlue: '#2f74d8', brightMagenta: '#a03fb3', brightCyan: '#0f7f8e', brightWhite: '#2a313a',
      }
}
