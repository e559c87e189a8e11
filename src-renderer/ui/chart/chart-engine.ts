import { LineChart } from 'echarts/charts'
import { DatasetComponent, GridComponent, MarkLineComponent, TooltipComponent } from 'echarts/components'
import { init, use, type EChartsType } from 'echarts/core'
import { CanvasRenderer } from 'echarts/renderers'

// Only what line charts need: this chunk is loaded when the first chart is shown.
use([LineChart, DatasetComponent, GridComponent, MarkLineComponent, TooltipComponent, CanvasRenderer])

/** A chart in `element`, drawn at the screen's density. The caller disposes it. */
export function createChart(element: HTMLElement): EChartsType {
  return init(element, null, { renderer: 'canvas' })
}
