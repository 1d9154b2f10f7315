/** The style of the page: light and dark by the reader's choice, and for paper. */
export const reportStyle = `
:root{--bg:#f5f7f9;--fg:#17212b;--soft:#51606f;--card:#fff;--edge:#d5dde5;--head:#0c2d48;--head-fg:#fff;--head-soft:#bcd2e6;
--good:#0a6b3d;--good-bg:#e0f4e8;--bad:#a8161f;--bad-bg:#fde7e7;--open:#7a4b00;--open-bg:#fdf0d5;--calm:#33567c;--calm-bg:#e5eef8;--track:#dfe6ec;--focus:#0a63c9;
--l0:#0a63c9;--l1:#a8161f;--l2:#0a6b3d;--l3:#7a3fb0;--l4:#8a5200;--l5:#00687a}
@media (prefers-color-scheme:dark){:root{--bg:#10171e;--fg:#e6edf3;--soft:#a5b3c0;--card:#18222c;--edge:#2f3d4a;--head:#081a2a;--head-fg:#fff;--head-soft:#a9c3da;
--good:#6fdc9f;--good-bg:#12351f;--bad:#ff9a9a;--bad-bg:#451a1d;--open:#f5c26b;--open-bg:#3d2c0c;--calm:#a3c8f0;--calm-bg:#1b3048;--track:#2f3d4a;--focus:#7db8ff;
--l0:#7db8ff;--l1:#ff9a9a;--l2:#6fdc9f;--l3:#cfa6f5;--l4:#f5c26b;--l5:#6fd3e3}}
*{box-sizing:border-box}
html{scroll-behavior:smooth}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
body{margin:0;background:var(--bg);color:var(--fg);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main,.top-in,footer{max-width:82rem;margin:0 auto;padding:0 1.5rem}
main:focus{outline:none}
.skip{position:absolute;left:-999rem;top:0;background:var(--card);color:var(--fg);padding:.6rem 1rem;z-index:2}
.skip:focus{left:.5rem;top:.5rem}
:focus-visible{outline:3px solid var(--focus);outline-offset:2px}
.top{background:var(--head);color:var(--head-fg);padding:2rem 0 2.2rem}
.brand{margin:0;font-weight:700;letter-spacing:.02em;color:var(--head-fg)}
.brand span{font-weight:400;color:var(--head-soft)}
h1{margin:.2rem 0 .3rem;font-size:2.1rem;line-height:1.2;overflow-wrap:anywhere}
h2{margin:2.6rem 0 .7rem;font-size:1.4rem}
h3{margin:0;font-size:1.08rem;overflow-wrap:anywhere}
.meta{margin:0;color:var(--head-soft)}
.verdict{display:inline-block;margin:1.1rem 0 0;padding:.25rem .8rem;border-radius:1rem;font-weight:650}
.verdict.good{background:var(--good-bg);color:var(--good)}
.verdict.bad{background:var(--bad-bg);color:var(--bad)}
.tally{display:flex;flex-wrap:wrap;gap:.4rem 1.6rem;margin:1rem 0 0;padding:0;list-style:none}
.tally strong{font-size:1.5rem;margin-right:.15rem}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:1rem;margin:0;padding:0;list-style:none}
.card,.finding,table,.filters{background:var(--card);border:1px solid var(--edge);border-radius:.6rem}
.card{padding:1rem 1.1rem}
.card p{margin:.35rem 0 0}
.big strong{font-size:2.2rem;line-height:1.1}
.big span{font-size:1.2rem;color:var(--soft)}
.bar{display:block;width:100%;height:.5rem;margin-top:.35rem;border-radius:.25rem}
.bar-whole{fill:var(--track)}
.bar-part{fill:var(--good)}
.quiet{color:var(--soft)}
.scroll{position:relative;overflow-x:auto;border-radius:.6rem}
.tall{overflow-y:auto;max-height:min(80vh,50rem);border:1px solid var(--edge)}
.tall>table{border:0;border-radius:0}
table{border-collapse:separate;border-spacing:0;width:100%;font-size:.93rem}
th,td{padding:.45rem .75rem;text-align:left;vertical-align:top;border-bottom:1px solid var(--edge)}
tbody tr:last-child>*{border-bottom:0}
thead th{color:var(--soft);font-weight:600;vertical-align:bottom}
tbody th{font-weight:600}
.matrix th,.matrix td{padding:.35rem .6rem}
.matrix thead th{position:sticky;top:0;z-index:1;background:var(--card);overflow-wrap:break-word}
.matrix th:first-child{position:sticky;left:0;background:var(--card);border-right:1px solid var(--edge);min-width:10rem;overflow-wrap:anywhere}
.matrix thead th:first-child{z-index:2}
.num{text-align:right;font-variant-numeric:tabular-nums}
td.num,.when{white-space:nowrap}
.c-full .mark{color:var(--good)}
.c-failing{color:var(--bad);font-weight:650}
.c-open{color:var(--open)}
.none{color:var(--soft)}
.trend{display:block;width:100%;max-width:60rem;height:auto;min-width:45rem;background:var(--card);border:1px solid var(--edge);border-radius:.6rem;font-size:12px}
.trend .grid{stroke:var(--edge)}
.trend .axis{fill:var(--soft)}
.trend .line{fill:none;stroke-width:2.25;stroke-linejoin:round}
.trend .label{font-weight:600}
.line.l-0{stroke:var(--l0)}.line.l-1{stroke:var(--l1);stroke-dasharray:7 3}.line.l-2{stroke:var(--l2);stroke-dasharray:2 3}.line.l-3{stroke:var(--l3);stroke-dasharray:9 3 2 3}.line.l-4{stroke:var(--l4);stroke-dasharray:4 4}.line.l-5{stroke:var(--l5);stroke-dasharray:1 4}
.dot.l-0,.label.l-0{fill:var(--l0)}.dot.l-1,.label.l-1{fill:var(--l1)}.dot.l-2,.label.l-2{fill:var(--l2)}.dot.l-3,.label.l-3{fill:var(--l3)}.dot.l-4,.label.l-4{fill:var(--l4)}.dot.l-5,.label.l-5{fill:var(--l5)}
details{margin:.6rem 0}
summary{cursor:pointer}
details>.scroll,details>.tag{margin-top:.5rem}
.filters{display:flex;flex-wrap:wrap;gap:.7rem 1rem;align-items:end;padding:.9rem 1.1rem;margin-bottom:1rem}
.filters[hidden],.finding[hidden]{display:none}
.field{margin:0;min-width:0;max-width:100%}
.field label{display:block;font-size:.85rem;color:var(--soft)}
#shown{flex-basis:100%;margin:0;min-height:1.5em}
select,input,button{font:inherit;color:var(--fg);background:var(--bg);border:1px solid var(--soft);border-radius:.35rem;padding:.3rem .55rem;max-width:100%}
button{cursor:pointer}
.finding{padding:1.1rem 1.25rem;margin:0 0 1rem;border-left-width:.4rem}
.finding.s-fail{border-left-color:var(--bad)}
.finding.s-unknown,.finding.s-manual{border-left-color:var(--open)}
.finding.s-waived{border-left-color:var(--calm)}
.finding p{margin:.5rem 0;overflow-wrap:anywhere}
.finding .chips{margin:.3rem 0 .6rem;color:var(--soft)}
.chip{display:inline-block;padding:.05rem .6rem;border-radius:1rem;font-size:.83rem;font-weight:650;white-space:nowrap}
.chip.s-fail,.chip.v-critical,.chip.v-high{background:var(--bad-bg);color:var(--bad)}
.chip.s-unknown,.chip.s-manual,.chip.v-medium{background:var(--open-bg);color:var(--open)}
.chip.s-waived,.chip.s-not-applicable,.chip.v-low{background:var(--calm-bg);color:var(--calm)}
.chip.s-pass{background:var(--good-bg);color:var(--good)}
.waiver{background:var(--calm-bg);border-radius:.4rem;padding:.5rem .8rem}
.waiver .quiet{color:var(--calm)}
.evidence{margin-top:.4rem;border-radius:.4rem}
code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.9em;overflow-wrap:anywhere}
.hash{font-family:ui-monospace,monospace;font-size:.8em;color:var(--soft)}
.facts{margin:.8rem 0 0}
.facts>div{display:flex;gap:.8rem;margin-top:.3rem}
.facts dt{flex:0 0 7rem;color:var(--soft)}
.facts dd{margin:0;overflow-wrap:anywhere}
.tag{display:inline-block;margin:0 .1rem .2rem 0;padding:0 .5rem;border:1px solid var(--edge);border-radius:.35rem;font-size:.88rem}
.sr{position:absolute;width:1px;height:1px;margin:-1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
footer{padding-top:2rem;padding-bottom:2.5rem;color:var(--soft);font-size:.9rem}
@media (max-width:40rem){main,.top-in,footer{padding-left:1rem;padding-right:1rem}h1{font-size:1.6rem}
.matrix{font-size:.85rem}.matrix th,.matrix td{padding:.3rem .4rem}.matrix th:first-child{min-width:8.5rem}
.facts>div{display:block}
.stack thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.stack,.stack tbody,.stack tr,.stack tr>*{display:block;text-align:left}
.stack tr{border-bottom:1px solid var(--edge);padding:.35rem 0}
.stack tr:last-child{border-bottom:0}
.stack tr>*{border-bottom:0;padding:.1rem .75rem;white-space:normal;overflow-wrap:anywhere}
.stack td::before{color:var(--soft)}
.evidence td:nth-child(1)::before{content:"Path: "}.evidence td:nth-child(2)::before{content:"Value: "}.evidence td:nth-child(3)::before{content:"Layer: "}.evidence td:nth-child(4)::before{content:"Place: "}
.passed td:nth-child(2)::before{content:"Environments: "}.passed td:nth-child(3)::before{content:"Evidence for: "}.passed td:nth-child(4)::before{content:"A piece of its evidence: "}}
@media print{:root{--bg:#fff;--fg:#000;--soft:#444;--card:#fff;--edge:#999;--head:#fff;--head-fg:#000;--head-soft:#333;--good:#064;--good-bg:#fff;--bad:#900;--bad-bg:#fff;--open:#640;--open-bg:#fff;--calm:#235;--calm-bg:#fff;--track:#ddd}
.skip,.filters{display:none}
body{font-size:10.5pt}
main,.top-in,footer{max-width:none;padding:0}
.finding,.card,tr{break-inside:avoid}
.finding[hidden]{display:none}
h2,h3{break-after:avoid}
.scroll{overflow:visible;max-height:none}
.tall{border:0}
table{font-size:8.5pt}
.matrix{font-size:7.5pt}
.matrix th,.matrix td{padding:.15rem .25rem}
.evidence th,.evidence td,.passed th,.passed td{padding:.2rem .4rem}
.matrix td,.evidence td,.passed td,.stack th[scope=row]{overflow-wrap:anywhere}
.trend{min-width:0}
.matrix thead th,.matrix th:first-child{position:static;min-width:0}
thead{display:table-header-group}
.chip,.verdict{border:1px solid currentcolor}
@page{margin:16mm}}
`;
