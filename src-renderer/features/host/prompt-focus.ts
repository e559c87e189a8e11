import { shallowRef } from 'vue'

/** The host whose question the user asked to see, after putting it off; null while questions come as they come. */
export const askedPrompt = shallowRef<string | null>(null)
