import { useLocalStorage } from '@vueuse/core'

/** Whether the task drawer is open, and how high; kept over restarts. */
export const isDrawerOpen = useLocalStorage('drover-tasks-open', true)
export const drawerHeight = useLocalStorage('drover-tasks-height', Math.min(168, Math.round(window.innerHeight * 0.21)))
