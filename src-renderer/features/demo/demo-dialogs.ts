import { ref } from 'vue'

/** Which dialog about demo labs is open. */
export const demoDialog = ref<'labs' | 'faults' | null>(null)
