import { implement } from '@orpc/server'
import { latest } from '../base/latest.ts'
import { demoContract } from '../contract/demo.ts'
import { addLab, labsAtHand } from './labs.ts'
import type { SceneContext } from './scene.ts'

/** The same in every program: what it is about is the window that calls. */
export function demoRouter() {
  const os = implement(demoContract).$context<SceneContext>()
  return {
    labs: os.labs.handler(() => labsAtHand()),
    add: os.add.handler(({ input }) => addLab(input.text)),
    open: os.open.handler(({ input, context }) => context.scene.open(input.lab)),
    leave: os.leave.handler(({ context }) => context.scene.leave()),
    setSpeed: os.setSpeed.handler(({ input, context }) => context.scene.demo.world.clock.setSpeed(input.speed)),
    setPaused: os.setPaused.handler(({ input, context }) => {
      const { clock } = context.scene.demo.world
      if (input.isPaused) clock.pause()
      else clock.resume()
    }),
    putFault: os.putFault.handler(({ input, context }) => context.scene.demo.putFault(input)),
    removeFault: os.removeFault.handler(({ input, context }) => context.scene.demo.removeFault(input)),
    watch: os.watch.handler(({ context, signal }) => latest(context.scene.state, context.scene.onDidChange, signal)),
  }
}
