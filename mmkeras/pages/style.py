"""How pages look: light or dark as the reader's system is, narrow on a telephone, ink on paper."""

STYLE = """
:root { color-scheme: light dark; --ink: #1d2430; --pale: #5b6675; --paper: #fbfbf9; --card: #fff;
  --line: #d9dde3; --bar: #4477aa; --error: #b3261e; --warning: #8a5a00; --note: #33658a;
  --cure: #1b6b3a; --gone: 206 102 51; --share-of: 68 119 170; --track: #e9ecf0;
  --s0: #2166ac; --s1: #b2182b; --s2: #1b7f5c; --s3: #8a5a00; --s4: #6a3d9a; --s5: #00707f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ee; --pale: #9aa7b8; --paper: #14181f;
  --card: #1c222b; --line: #333c49; --bar: #6ea3d8; --error: #ff8a80; --warning: #f2b84b;
  --note: #8ac4ee; --cure: #7fd6a2; --gone: 224 130 80; --share-of: 110 163 216; --track: #2a323d;
  --s0: #6ea3d8; --s1: #ff8a80; --s2: #7fd6a2; --s3: #f2b84b; --s4: #c3a6e8; --s5: #5fd0dc; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
.page, nav, main { max-width: 68rem; margin: 0 auto; padding: 0 1rem; }
main { padding-bottom: 3rem; outline: none; }
a { color: var(--note); }
:focus-visible { outline: 3px solid var(--note); outline-offset: 2px; }
.skip { position: absolute; left: -99rem; background: var(--card); padding: .5rem 1rem;
  z-index: 1; }
.skip:focus { left: 0; }
.page { padding-top: 1rem; }
nav ul { display: flex; flex-wrap: wrap; gap: .1rem .3rem; list-style: none; padding: 0; }
nav a { display: block; padding: .3rem .6rem; border: 1px solid var(--line); border-radius: 1rem;
  background: var(--card); text-decoration: none; font-size: .85rem; }
h1 { margin: .5rem 0 0; font-size: 1.6rem; overflow-wrap: anywhere; }
h2 { margin: 2rem 0 .6rem; font-size: 1.2rem; }
h3 { margin: 1.4rem 0 .4rem; font-size: 1rem; }
.path, .lines { color: var(--pale); font-size: .85rem; overflow-wrap: anywhere; margin: .2rem 0; }
ul { margin: .5rem 0; padding-left: 1.2rem; overflow-wrap: anywhere; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: .6rem;
  margin: 1rem 0; }
.tiles div { background: var(--card); border: 1px solid var(--line); border-radius: .5rem;
  padding: .5rem .7rem; color: var(--pale); font-size: .85rem; }
.tiles b { display: block; color: var(--ink); font-size: 1.4rem; }
details { background: var(--card); border: 1px solid var(--line); border-left: 4px solid var(--c);
  border-radius: .4rem; margin: .5rem 0; padding: .5rem .8rem; }
details.error { --c: var(--error); } details.warning { --c: var(--warning); }
details.note { --c: var(--note); }
summary { cursor: pointer; overflow-wrap: anywhere; }
summary span { color: var(--c); font-weight: 600; text-transform: uppercase; font-size: .75rem; }
details p { margin: .4rem 0; } .cure { color: var(--cure); }
.row { display: flex; flex-wrap: wrap; gap: .6rem; margin: .5rem 0; }
figure { margin: 0; width: 96px; font-size: .75rem; text-align: center; color: var(--pale);
  overflow-wrap: anywhere; }
figure img, figure svg, figure .none { display: flex; width: 96px; height: 96px;
  border-radius: .3rem; border: 1px solid var(--line); align-items: center;
  justify-content: center; }
figure svg rect { fill: var(--bar); }
.scroll { overflow-x: auto; margin: .4rem 0 .8rem; max-width: 100%; }
table { border-collapse: collapse; }
.matrix th, .matrix td { padding: .25rem .7rem; border: 1px solid var(--line); text-align: right; }
.matrix th[scope=row] { text-align: left; font-weight: 400; }
.matrix td[style] { background: rgb(var(--gone) / calc(var(--share) * .75)); }
.matrix small { margin-left: .4rem; opacity: .75; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr));
  gap: 1rem; align-items: start; }
.chart { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; width: 100%;
  font-size: .85rem; padding: .5rem; border-collapse: separate; border-spacing: .3rem 0; }
.chart caption { text-align: left; font-weight: 600; padding: .2rem 0; }
.chart th { font-weight: 400; text-align: right; white-space: nowrap; color: var(--pale);
  max-width: 10rem; overflow: hidden; text-overflow: ellipsis; }
.chart td { text-align: right; } .chart .bar { width: 55%; }
.bar i { display: block; height: .8rem; background: var(--bar); border-radius: 0 .2rem .2rem 0;
  min-width: 1px; }
.lead { font-size: 1.05rem; margin: .4rem 0; }
.gap, .heed { border-left: 4px solid var(--warning); background: var(--card);
  padding: .5rem .8rem; margin: .6rem 0; }
.heed p, .heed ul { margin: 0; }
.plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 19rem), 1fr));
  gap: 1rem; margin: .6rem 0; }
.blocks { display: flex; flex-wrap: wrap; gap: .4rem 2.5rem; align-items: flex-start; }
.blocks > * { min-width: 0; max-width: 100%; } .blocks > .plots { flex: 1 1 19rem; max-width: 26rem;
  grid-template-columns: 1fr; }
figure.plot { width: auto; background: var(--card); border: 1px solid var(--line);
  border-radius: .5rem; padding: .6rem; text-align: left; }
.plot figcaption { color: var(--ink); font-weight: 600; font-size: .85rem; }
figure.plot svg { display: block; width: 100%; height: auto; border: 0; overflow: visible;
  aspect-ratio: 360 / 230; }
.plot text { fill: var(--pale); font-size: 11px; }
.plot .grid { stroke: var(--line); } .plot .axis { stroke: var(--pale); }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke: var(--of); }
.dots circle { fill: var(--of); }
.s0 { --of: var(--s0); } .s1 { --of: var(--s1); } .s2 { --of: var(--s2); } .s3 { --of: var(--s3); }
.s4 { --of: var(--s4); } .s5 { --of: var(--s5); } .pale { --of: var(--pale); }
ul.legend { display: flex; flex-wrap: wrap; gap: .1rem .9rem; list-style: none; padding: 0;
  margin: .3rem 0 0; font-size: .75rem; }
.legend li { display: flex; align-items: center; gap: .35rem; }
figure.plot .legend svg { width: 28px; height: 12px; flex: none; aspect-ratio: auto; }
caption { text-align: left; font-weight: 600; font-size: .85rem; padding: .2rem 0;
  min-width: 14rem; max-width: calc(100vw - 2.5rem); }
table.figures { font-size: .9rem; min-width: min(100%, 24rem); }
.figures th, .figures td { padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line);
  text-align: right; vertical-align: top; }
.figures thead th { color: var(--pale); font-weight: 600; font-size: .8rem; }
.figures th:first-child { text-align: left; min-width: 6rem; overflow-wrap: anywhere; }
.figures tbody th { font-weight: 400; }
.figures td { font-variant-numeric: tabular-nums; white-space: nowrap; }
.figures .barred { min-width: 5.5rem; }
.barred i { display: block; height: 3px; border-radius: 2px; background: linear-gradient(var(--bar)
  0 0) no-repeat 0 / calc(var(--share) * 100%) var(--track); }
table.shaded { font-size: .8rem; }
.shaded th, .shaded td { padding: .25rem .45rem; border: 1px solid var(--line); text-align: right; }
.shaded th { font-weight: 400; } .shaded thead th { vertical-align: bottom; }
.shaded thead th span { writing-mode: vertical-rl; transform: rotate(180deg); }
.shaded td { background: rgb(var(--share-of) / calc(var(--share) * .5)); min-width: 2.2rem; }
.shaded .same { font-weight: 700; } .zero { opacity: 0; }
.samples { display: grid; grid-template-columns: repeat(auto-fill, minmax(10rem, 1fr)); gap: .8rem;
  list-style: none; padding: 0; }
.samples > li { background: var(--card); border: 1px solid var(--line); border-radius: .5rem;
  padding: .6rem; font-size: .8rem; }
.samples img, .samples svg, .samples .none { width: 96px; height: 96px; border-radius: .3rem; }
.samples .none { display: flex; align-items: center; justify-content: center; color: var(--pale);
  border: 1px solid var(--line); }
.samples .drawn svg { height: 48px; }
.samples svg rect { fill: var(--bar); }
.samples .drawn { display: flex; flex-wrap: wrap; gap: .3rem; }
.samples p { margin: .3rem 0 0; } .wrong { color: var(--error); } .quiet { color: var(--pale); }
.explained { margin: 1rem 0; width: auto; text-align: left; font-size: .9rem; }
figure.explained img { display: block; width: 100%; min-width: 40rem; max-width: 60rem;
  height: auto; background: #fff; }
.explained figcaption b { color: var(--ink); }
.diagram { max-width: 38rem; }
.diagram rect { fill: var(--card); stroke: var(--pale); }
.diagram .fused { stroke: var(--s0); stroke-width: 2; }
.diagram .answer { stroke: var(--s2); stroke-width: 2; }
.diagram .maybe { stroke-dasharray: 5 4; }
.diagram path { fill: none; stroke: var(--pale); }
.diagram text { fill: var(--ink); font-size: 11px; } .diagram .what { fill: var(--pale);
  font-size: 9.5px; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .2rem .9rem;
  font-size: .9rem; }
dt { color: var(--pale); } dd { margin: 0; overflow-wrap: anywhere; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .5rem;
  padding: .2rem 1rem 1rem; }
footer { color: var(--pale); font-size: .85rem; margin-top: 2rem; overflow-wrap: anywhere; }
"""
