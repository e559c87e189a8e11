import { connectBackend } from './backend.ts'
import ui from '@nuxt/ui/vue-plugin'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './pages/App.vue'
import { createDroverRouter } from './pages/router.ts'
import '@fontsource-variable/inter/wght.css'
import './ui/theme.css'

// Takes the one-time token out of the address before the router reads it.
connectBackend()
createApp(App).use(createPinia()).use(createDroverRouter()).use(ui).mount('#app')
