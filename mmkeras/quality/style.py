"""How the page of a check looks: light or dark as the reader's system is, narrow on a telephone."""

STYLE = """
:root { color-scheme: light dark; --ink: #1d2430; --pale: #5b6675; --paper: #fbfbf9; --card: #fff;
  --line: #d9dde3; --bar: #4477aa; --error: #b3261e; --warning: #8a5a00; --note: #33658a;
  --cure: #1b6b3a; --gone: 206 102 51; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ee; --pale: #9aa7b8; --paper: #14181f;
  --card: #1c222b; --line: #333c49; --bar: #6ea3d8; --error: #ff8a80; --warning: #f2b84b;
  --note: #8ac4ee; --cure: #7fd6a2; --gone: 224 130 80; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 68rem; margin: 0 auto; padding: 1rem; }
h1 { margin: .5rem 0 0; font-size: 1.6rem; overflow-wrap: anywhere; }
h2 { margin: 2rem 0 .6rem; font-size: 1.2rem; }
.path, .lines { color: var(--pale); font-size: .85rem; overflow-wrap: anywhere; margin: .2rem 0; }
ul { margin: .5rem 0; padding-left: 1.2rem; overflow-wrap: anywhere; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(6.5rem, 1fr)); gap: .6rem;
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
.scroll { overflow-x: auto; }
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
"""
