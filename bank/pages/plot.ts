/** A balance over time as a picture: steps, because it stays what it is until something moves. The table beside it says the same in words. */
import { html, type Html } from "./html.ts";
import { money } from "./page.ts";

export interface PlotPoint {
  readonly atMilliseconds: number;
  /** Decimal text. */
  readonly balance: string;
}

export interface Plot {
  readonly fromMilliseconds: number;
  readonly toMilliseconds: number;
  /** Before the first point. */
  readonly opening: string;
  readonly points: readonly PlotPoint[];
  readonly from: string;
  readonly to: string;
  readonly currency: string;
}

/** Units of the drawing, which is stretched to the room there is; words stand beside it, so that they keep their size. */
const WIDTH = 1000;
const HEIGHT = 100;

export function plotOf(plot: Plot): Html {
  const values = [plot.opening, ...plot.points.map(({ balance }) => balance)].map(Number);
  const [low, high] = rangeOf(values);
  const span = Math.max(1, plot.toMilliseconds - plot.fromMilliseconds);
  const x = (at: number): string => number((WIDTH * (at - plot.fromMilliseconds)) / span);
  const y = (value: number): string => number((HEIGHT * (high - value)) / (high - low));
  let path = `M0 ${y(values[0]!)}`;
  plot.points.forEach(({ atMilliseconds }, i) => (path += `H${x(atMilliseconds)}V${y(values[i + 1]!)}`));
  path += `H${WIDTH}`;
  const closing = plot.points.at(-1)?.balance ?? plot.opening;
  const said = `Balance from ${plot.from} to ${plot.to}: from ${money(plot.opening)} to ${money(closing)} ${plot.currency}`;
  return html`<figure class="plot">
    <span>${money(round(high))}</span>
    <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${said}">
      <path class="area" d="${path}V${y(0)}H0Z" />
      <path class="line" d="${path}" />
    </svg>
    <span>${money(round(low))}</span>
    <figcaption><span>${plot.from}</span><span>${plot.to}</span></figcaption>
  </figure>`;
}

/** Zero is in the picture, so that heights can be compared; a flat line has room above and below. */
function rangeOf(values: readonly number[]): readonly [low: number, high: number] {
  const low = Math.min(0, ...values);
  const high = Math.max(0, ...values);
  return low === high ? [low - 1, high + 1] : [low, high];
}

const number = (value: number): string => value.toFixed(1);
const round = (value: number): string => String(Math.round(value));
