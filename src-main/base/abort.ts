import { Failure } from './failure.ts'

/**
 * Settles as `promise` does, or rejects with the signal's reason as soon as the signal aborts.
 * The promise itself is not stopped: pass the signal to whatever makes it as well.
 */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise
  if (signal.aborted) {
    promise.catch(() => {})
    throw signal.reason
  }
  let stop = () => {}
  const aborted = new Promise<never>((_, reject) => {
    const onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    stop = () => signal.removeEventListener('abort', onAbort)
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    stop()
  }
}

/** Like {@link abortable} with a deadline in milliseconds; past it rejects with code `deadline` naming `what`. */
export async function within<T>(milliseconds: number, what: string, promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Failure('deadline', `${what} took longer than ${milliseconds} ms.`)), milliseconds)
  })
  try {
    return await abortable(Promise.race([promise, late]), signal)
  } finally {
    clearTimeout(timer)
  }
}

/** Resolves after `milliseconds`, or rejects with the signal's reason. For pacing, never for waiting on something that has an event. */
export function delay(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, milliseconds)
    const onAbort = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
