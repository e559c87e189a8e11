import { net, protocol } from 'electron'
import { readPageFile } from '../base/page-files.ts'
import { securityHeaders } from '../base/page-policy.ts'

/** Where the page lives. A scheme of its own: no other program can answer for it, and file: access is never needed. */
export const pageOrigin = 'drover://app'

/** Must be called before the app is ready. */
export function declarePageScheme(): void {
  protocol.registerSchemesAsPrivileged([{ scheme: 'drover', privileges: { standard: true, secure: true, supportFetchAPI: true } }])
}

/** Answers `drover://app/…` from the folder of the built page, or from vite's server while developing. */
export function servePage(folder: string, devServer: string | undefined): void {
  protocol.handle('drover', async (request) => {
    const url = new URL(request.url)
    if (url.origin !== pageOrigin && url.host !== 'app') return new Response('wrong host', { status: 404 })
    if (devServer) return fetchFromDevServer(devServer, url)
    const file = await readPageFile(folder, url.pathname)
    if (!file) return new Response('not found', { status: 404, headers: securityHeaders(null) })
    return new Response(new Uint8Array(file.body), { headers: { ...securityHeaders(null), 'content-type': file.type } })
  })
}

async function fetchFromDevServer(devServer: string, { pathname, search }: URL): Promise<Response> {
  const response = await net.fetch(new URL(pathname + search, devServer).href)
  const headers = new Headers(response.headers)
  headers.set('content-security-policy', securityHeaders(new URL(devServer).origin.replace('http', 'ws'))['content-security-policy'] ?? '')
  return new Response(response.body, { status: response.status, headers })
}

/** Whether a frame's URL is the page itself. */
export function isPage(url: string): boolean {
  return url.startsWith(`${pageOrigin}/`)
}
