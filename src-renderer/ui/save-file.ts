/** Offers text as a file: a download in a browser; Electron asks where to save it. `type` is a media type. */
export function saveFile(name: string, text: string, type: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // The download has taken the blob by then; a revoke in the same turn would pull it away.
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
