import { createRouter, createWebHashHistory, type Router } from 'vue-router'
import BoardPage from './BoardPage.vue'

/** The window's places. Only the board comes with the first load; the rest by import(). */
export function createDroverRouter(): Router {
  return createRouter({
    history: createWebHashHistory(),
    routes: [
      { path: '/', name: 'board', component: BoardPage, meta: { title: 'Board' } },
      { path: '/host/:id', name: 'host', component: () => import('./HostPage.vue'), meta: { title: 'Host' } },
      { path: '/vm/:host/:uuid', name: 'vm', component: () => import('./VmPage.vue'), meta: { title: 'VM' } },
      { path: '/job/:id', name: 'job', component: () => import('./JobPage.vue'), meta: { title: 'Move' } },
      { path: '/plan/:kind/:of?', name: 'plan', component: () => import('./PlanPage.vue'), meta: { title: 'Plan' } },
      { path: '/run/:id', name: 'run', component: () => import('./RunPage.vue'), meta: { title: 'Run' } },
      { path: '/rules', name: 'rules', component: () => import('./RulesPage.vue'), meta: { title: 'Placement rules' } },
      { path: '/history', name: 'history', component: () => import('./HistoryPage.vue'), meta: { title: 'History' } },
      { path: '/settings', name: 'settings', component: () => import('./SettingsPage.vue'), meta: { title: 'Settings' } },
      { path: '/help', name: 'help', component: () => import('./HelpPage.vue'), meta: { title: 'Help' } },
      { path: '/:rest(.*)*', redirect: '/' },
    ],
  })
}
