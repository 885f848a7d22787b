/** How the pages look: one sheet, served by the bank itself. Light and dark, from 320 pixels on, without any script. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f6f5f1; --sheet: #ffffff; --ink: #1c2321; --faint: #5d6864; --line: #dcdad2;
  --accent: #0a5f48; --on-accent: #ffffff; --soft: #e4efe9; --bad: #a3261d; --bad-soft: #fbeae7;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #121614; --sheet: #1b211e; --ink: #e9edea; --faint: #9fada7; --line: #323b37;
    --accent: #6fd0ad; --on-accent: #08231a; --soft: #1f332b; --bad: #ff9d91; --bad-soft: #3a201d;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
a { color: var(--accent); text-underline-offset: .15em; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 2px; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: 1rem; background: var(--sheet); padding: .5rem 1rem; z-index: 1; }
header.top { background: var(--sheet); border-bottom: 1px solid var(--line); }
header.top > div, main, footer { max-width: 60rem; margin: 0 auto; padding: 0 1.25rem; }
header.top > div { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem 1.5rem; padding-top: .75rem; padding-bottom: .75rem; }
.brand { font-weight: 700; font-size: 1.1rem; letter-spacing: -.01em; text-decoration: none; color: var(--ink); margin-right: auto; }
.brand::before { content: "◆"; color: var(--accent); margin-right: .5rem; }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.1rem; list-style: none; margin: 0; padding: 0; align-items: center; }
nav a { text-decoration: none; color: var(--faint); padding: .35rem 0; display: inline-block; }
nav a:hover { color: var(--ink); text-decoration: underline; }
nav a[aria-current] { color: var(--ink); font-weight: 600; border-bottom: 2px solid var(--accent); }
main { padding-top: 1.75rem; padding-bottom: 3rem; }
footer { color: var(--faint); font-size: .85rem; padding-bottom: 2rem; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.2; letter-spacing: -.02em; margin: 0 0 1rem; }
h2 { font-size: 1.1rem; margin: 2rem 0 .75rem; }
.sheet { background: var(--sheet); border: 1px solid var(--line); border-radius: .75rem; padding: 1.25rem; margin-bottom: 1.25rem; }
.narrow { max-width: 26rem; }
.faint { color: var(--faint); }
.balance { font-size: 2.2rem; font-weight: 650; letter-spacing: -.03em; font-variant-numeric: tabular-nums; line-height: 1.1; }
.balance small { font-size: 1rem; font-weight: 400; color: var(--faint); letter-spacing: 0; }
.accounts { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 17rem), 1fr)); list-style: none; margin: 0; padding: 0; }
.accounts a { display: block; text-decoration: none; color: inherit; height: 100%; }
.accounts a:hover .balance { text-decoration: underline; text-decoration-thickness: 2px; }
form { margin: 0; }
.field { margin-bottom: 1rem; }
label { display: block; font-weight: 600; margin-bottom: .25rem; }
.hint { color: var(--faint); font-size: .875rem; margin: .25rem 0 0; }
input, select { width: 100%; font: inherit; color: inherit; background: var(--ground); border: 1px solid var(--faint); border-radius: .4rem; padding: .55rem .7rem; min-height: 2.75rem; }
input[inputmode="decimal"], input[inputmode="numeric"] { font-variant-numeric: tabular-nums; }
button { font: inherit; font-weight: 600; color: var(--on-accent); background: var(--accent); border: 1px solid var(--accent); border-radius: .4rem; padding: .55rem 1.1rem; min-height: 2.75rem; cursor: pointer; }
button:hover { filter: brightness(1.08); }
button.plain { background: none; border-color: transparent; color: var(--faint); font-weight: 400; padding: .35rem 0; min-height: 0; text-decoration: none; }
button.plain:hover { color: var(--ink); text-decoration: underline; }
button.quiet { background: none; color: var(--accent); }
.row { display: flex; flex-wrap: wrap; gap: .75rem; align-items: end; }
.row .field { flex: 1 1 9rem; margin: 0; }
.told { border-radius: .5rem; padding: .8rem 1rem; margin: 0 0 1.25rem; background: var(--soft); border-left: 4px solid var(--accent); }
.told.bad { background: var(--bad-soft); border-color: var(--bad); }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th { text-align: left; font-size: .8rem; color: var(--faint); font-weight: 600; }
th, td { padding: .55rem .75rem .55rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
tr:last-child td { border-bottom: 0; }
td.amount, th.amount { text-align: right; white-space: nowrap; }
td:last-child, th:last-child { padding-right: 0; }
td.word { overflow-wrap: anywhere; }
.in { color: var(--accent); }
.new td { background: var(--soft); }
.plot { margin: 1.25rem 0 0; color: var(--faint); font-size: .8rem; font-variant-numeric: tabular-nums; }
.plot svg { display: block; width: 100%; height: 11rem; margin: .2rem 0; border-top: 1px solid var(--line); border-bottom: 1px solid var(--line); overflow: visible; }
.plot .area { fill: var(--accent); opacity: .13; }
.plot .line { fill: none; stroke: var(--accent); stroke-width: 2; stroke-linejoin: round; vector-effect: non-scaling-stroke; }
.plot figcaption { display: flex; justify-content: space-between; margin-top: .2rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .35rem 1.25rem; margin: 0; }
dt { color: var(--faint); } dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 40rem) {
  main { padding-top: 1.25rem; }
  .balance { font-size: 1.8rem; }
  table.stack thead { position: absolute; left: -99rem; }
  table.stack tr { display: grid; grid-template-columns: 1fr auto; padding: .6rem 0; border-bottom: 1px solid var(--line); }
  table.stack tr:last-child { border-bottom: 0; }
  table.stack td { border: 0; padding: .05rem 0; }
  table.stack td.amount { grid-column: 2; }
  table.stack td.word { grid-column: 1; }
  table.stack td.when { grid-column: 1; color: var(--faint); font-size: .85rem; }
  table.tall td, table.tall td.amount, table.tall td.word { grid-column: 1 / -1; text-align: left; }
  table.tall td + td.amount { padding-top: .5rem; }
  dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .6rem; }
}
@media print { header.top nav, form, .told { display: none; } body { background: none; } .sheet { border: 0; padding: 0; } }
`;
